import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where runs of a deployment find their flow: a folder, and `file:flow` within it. */
export interface Entrypoint {
  readonly path: string
  readonly entrypoint: string
}

interface Wanted {
  readonly path?: string
  readonly entrypoint?: string
}

/** What was asked for, else the file in which the flow was defined. Throws TypeError when there is no such file. */
export function entrypointOf(
  { name, place }: { readonly name: string; readonly place: { readonly stack?: string } },
  wanted: Wanted,
): Entrypoint {
  const folder = resolve(wanted.path ?? '.')
  if (wanted.entrypoint !== undefined) return { path: folder, entrypoint: wanted.entrypoint }
  const file = fileOf(place.stack ?? '')
  if (!file) {
    throw new TypeError(
      `flow ${name} was not defined in a file. Say where it is: entrypoint: 'path/to/file.ts:export'`,
    )
  }
  const within = relative(folder, file)
  const isOutside = within.startsWith('..') || isAbsolute(within)
  if (isOutside && wanted.path !== undefined) {
    throw new TypeError(`flow ${name} is defined in ${file}, which is not within ${folder}`)
  }
  // The flow's own name after the colon: what it is exported as cannot be known while its file is being evaluated.
  if (isOutside) return { path: dirname(file), entrypoint: `${relative(dirname(file), file)}:${name}` }
  return { path: folder, entrypoint: `${within.split(sep).join('/')}:${name}` }
}

/** The file of a stack's first line. */
export function fileOf(stack: string): string | null {
  const line = stack.split('\n').find((each) => /^\s+at /.test(each)) ?? ''
  const [, place = ''] =
    /(?:\(|at (?:async )?)((?:file:\/\/)?(?:\/|[A-Za-z]:\\).*?)(?:\?[^:]*)?:\d+:\d+\)?$/.exec(line) ?? []
  if (place === '') return null
  return place.startsWith('file:') ? fileURLToPath(place) : place
}

/** The file and what stands after the colon; `C:\flows.ts` has none. */
export function splitEntrypoint(entrypoint: string): {
  readonly file: string
  readonly wanted: string | undefined
} {
  const [, file = entrypoint, wanted] = /^(.+\.[cm]?[jt]sx?):(.+)$/.exec(entrypoint) ?? []
  return { file, wanted }
}
