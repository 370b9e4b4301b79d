import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from '../cli-error.js'
import { importFile } from './import-file.js'
import { type PickedFlow, pickFlow } from './pick-flow.js'

/** The flow that `FILE[:EXPORT]` on a command line means. Throws CliError. */
export async function loadFlow(target: string): Promise<PickedFlow & { readonly file: string }> {
  const { file, wanted } = splitTarget(target)
  return { ...pickFlow(await importFile(file), file, wanted), file }
}

export function splitTarget(target: string): { file: string; wanted: string | undefined } {
  const [, path = target, wanted] = /^(.*):([A-Za-z_$][\w$]*)$/.exec(target) ?? []
  const file = resolve(existsSync(target) ? target : path)
  const there = statSync(file, { throwIfNoEntry: false })
  if (!there) throw new CliError(`there is no file ${file}`)
  if (there.isDirectory()) throw new CliError(`${file} is a folder. Name a file in it`)
  return { file, wanted: existsSync(target) ? undefined : wanted }
}
