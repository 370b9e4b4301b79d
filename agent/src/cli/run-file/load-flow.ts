import { existsSync } from 'node:fs'
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
  if (!existsSync(file)) throw new CliError(`there is no file ${file}`)
  return { file, wanted: existsSync(target) ? undefined : wanted }
}
