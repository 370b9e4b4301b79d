import { createInterface } from 'node:readline/promises'
import type { Workspace } from '../settings/profile.js'
import { CliError } from './cli-error.js'
import { tell } from './output.js'

/**
 * The workspace to report to: the wanted one (handle, or id), else `preferred` when the key still opens it, else
 * the only one, else the one that the user picks. Throws CliError when nobody can be asked.
 */
export async function chooseWorkspace(
  workspaces: readonly Workspace[],
  wanted: string | undefined,
  preferred: string | undefined,
  command: (handle: string) => string,
): Promise<Workspace> {
  const [first, second] = workspaces
  if (!first) throw new CliError('this key opens no workspace. Make one in the console first')
  const handles = workspaces.map((each) => each.handle).join(', ')
  if (wanted !== undefined) {
    const found = workspaces.find(
      (each) => each.handle === wanted || each.workspaceId === wanted || each.handle.endsWith(`/${wanted}`),
    )
    if (!found) {
      throw new CliError(
        `there is no workspace "${wanted}" for this key. There is: ${handles}`,
        command(first.handle),
      )
    }
    return found
  }
  const known = workspaces.find((each) => each.workspaceId === preferred)
  if (known) return known
  if (!second) return first
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError(`this key opens several workspaces: ${handles}. Say which one`, command(first.handle))
  }
  return ask(workspaces)
}

async function ask(workspaces: readonly Workspace[]): Promise<Workspace> {
  for (const [i, { handle }] of workspaces.entries()) tell(`  ${i + 1}  ${handle}`)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    for (;;) {
      const chosen = workspaces[Number(await lines.question('Which workspace? ')) - 1]
      if (chosen) return chosen
    }
  } finally {
    lines.close()
  }
}
