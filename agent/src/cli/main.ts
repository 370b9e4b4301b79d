import { VERSION } from '../version.js'
import { CliError, usageError } from './cli-error.js'
import type { Command } from './command.js'

/** One command as the overview shows it; its module is loaded when it is called. */
interface Entry {
  readonly summary: string
  readonly load: () => Promise<{ command: Command }>
  /** It reaches the control plane, so afterwards it sends what earlier runs could not. */
  readonly deliversLeftovers?: true
  /** Not for people. */
  readonly isHidden?: true
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  login: {
    summary: 'sign in and choose a workspace',
    load: () => import('./commands/login.js'),
    deliversLeftovers: true,
  },
  logout: { summary: 'forget the key on this machine', load: () => import('./commands/logout.js') },
  whoami: {
    summary: 'show who is signed in, and where',
    load: () => import('./commands/whoami.js'),
    deliversLeftovers: true,
  },
  'workspace ls': {
    summary: 'list the workspaces that your key opens',
    load: () => import('./commands/workspace-ls.js'),
    deliversLeftovers: true,
  },
  'workspace set': {
    summary: 'report to another workspace',
    load: () => import('./commands/workspace-set.js'),
    deliversLeftovers: true,
  },
  run: { summary: 'run a flow from a file', load: () => import('./commands/run.js') },
  'flow-run ls': {
    summary: 'list flow runs, latest first',
    load: () => import('./commands/flow-run-ls.js'),
    deliversLeftovers: true,
  },
  'flow-run inspect': {
    summary: 'show one flow run',
    load: () => import('./commands/flow-run-inspect.js'),
    deliversLeftovers: true,
  },
  'flow-run logs': {
    summary: 'print the log lines of a flow run, and follow them',
    load: () => import('./commands/flow-run-logs.js'),
    deliversLeftovers: true,
  },
  'worker start': {
    summary: 'claim runs of a work pool and execute them on this machine',
    load: () => import('./commands/worker-start.js'),
  },
  execute: {
    summary: 'execute one claimed run, for workers',
    load: () => import('./commands/execute.js'),
    isHidden: true,
  },
  'key verify': {
    summary: 'tell a mistyped key from a whole one, offline',
    load: () => import('./commands/key-verify.js'),
  },
}

/** Runs one command line and answers the exit code. Never throws. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args)
  } catch (error) {
    return complain(error)
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [first] = args
  if (first === '--version' || first === '-v') return print(`${VERSION}\n`)
  if (first === undefined || first === '--help' || first === '-h' || first === 'help')
    return print(overview(''))
  const name = [args.slice(0, 2).join(' '), first].find((each) => each in COMMANDS)
  const entry = name === undefined ? undefined : COMMANDS[name]
  if (name === undefined || !entry) return dispatchGroup(args)
  const { helpText, parseCall } = await import('./command.js')
  const { command } = await entry.load()
  const call = parseCall(command, args.slice(name.split(' ').length))
  if (!call) return print(helpText(command))
  await command.run(call)
  if (entry.deliversLeftovers) await (await import('./deliver-leftovers.js')).deliverLeftovers()
  return 0
}

/** `rigel workspace` alone, or something that is no command. */
function dispatchGroup([first, second]: readonly string[]): number {
  const isGroup = Object.keys(COMMANDS).some((name) => name.startsWith(`${first} `))
  if (!isGroup) throw usageError(`there is no command "${first}"`, 'rigel --help')
  if (second === undefined || second === '--help' || second === '-h') return print(overview(`${first} `))
  throw usageError(`there is no command "${first} ${second}"`, `rigel ${first} --help`)
}

function overview(prefix: string): string {
  const rows = Object.entries(COMMANDS).filter(([name, { isHidden }]) => name.startsWith(prefix) && !isHidden)
  const width = Math.max(...rows.map(([name]) => name.length))
  const list = rows.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`).join('\n')
  return `Usage: rigel ${prefix}COMMAND\n\n${list}\n\n"rigel COMMAND --help" tells more. "rigel --version" prints ${VERSION}.\n`
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error)
  const tryNext = error instanceof Error && 'tryNext' in error ? error.tryNext : undefined
  process.stderr.write(`rigel: ${message}\n${tryNext ? `  try: ${tryNext}\n` : ''}`)
  return error instanceof CliError ? error.exitCode : 1
}
