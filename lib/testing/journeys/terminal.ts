import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { rootFolder } from '../../process/root.ts'
import { afterFile } from '../cleanup.ts'
import { type RunningProgram, startProgram } from '../python.ts'
import { temporaryFolder } from './world.ts'

export interface Terminal {
  readonly home: string
  /** Where the user works: what a command writes and reads by a short name is here. */
  readonly folder: string
  /** A line as it was pasted, under way. */
  start(line: string): RunningProgram
  /** A line as it was pasted, run to its end. */
  type(line: string): Promise<{ readonly status: number | null; readonly output: string }>
}

/**
 * A user's shell, with a home of its own. `rigel` is the built command, and `npx rigel` finds it as after
 * `npm install @rigel/agent`.
 */
export function openTerminal(
  env: Readonly<Record<string, string>> = {},
  programs: readonly string[] = [],
): Terminal {
  const home = temporaryFolder('terminal')
  const folder = join(home, 'project')
  const bin = join(folder, 'node_modules', '.bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n')
  const command = join(bin, 'rigel')
  writeFileSync(
    command,
    `#!/bin/sh\nexec "${process.execPath}" "${join(rootFolder, 'agent', 'dist', 'cli.js')}" "$@"\n`,
  )
  chmodSync(command, 0o755)
  const { PATH = '', LANG } = process.env
  const environment = {
    NODE_ENV: 'test' as const,
    PATH: [bin, ...programs, PATH].join(delimiter),
    HOME: home,
    ...(LANG ? { LANG } : {}),
    // Nobody is there to see a browser come up; the test opens the page that is printed.
    BROWSER: 'none',
    PREFECT_HOME: join(home, '.prefect'),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    COLUMNS: '400',
    NO_COLOR: '1',
    DO_NOT_TRACK: '1',
    ...env,
  }
  const running = new Set<RunningProgram>()
  afterFile(() => {
    for (const { child } of running) child.kill('SIGKILL')
  })
  const start = (line: string): RunningProgram => {
    const program = startProgram('/bin/sh', ['-c', line], environment, folder)
    running.add(program)
    void program.ended.then(() => running.delete(program))
    return program
  }
  return {
    home,
    folder,
    start,
    type: (line) => start(line).ended,
  }
}
