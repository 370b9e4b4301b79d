import { VERSION } from '../version.js'
import { CliError, usageError } from './cli-error.js'
import type { Command } from './command.js'

/** One command as the overview shows it; its module is loaded when it is called. */
interface Entry {
  readonly summary: string
  readonly load: () => Promise<{ command: Command }>
  /** It reaches the control plane, so afterwards it sends what earlier runs could not. */
  readonly deliversLeftovers?: true
  /** Code of the user's runs in this process, or in children that it answers for. */
  readonly executesFlows?: true
  /** Not for people. */
  readonly isHidden?: true
}

/** Loads a command that reaches the control plane. */
const from = (summary: string, load: () => Promise<Command>): Entry => ({
  summary,
  load: async () => ({ command: await load() }),
  deliversLeftovers: true,
})

const deployment = () => import('./commands/deployment-pause.js')
const schedule = () => import('./commands/deployment-schedule.js')
const pool = () => import('./commands/work-pool.js')
const queue = () => import('./commands/work-queue.js')
const change = () => import('./commands/flow-run-change.js')
const limit = () => import('./commands/limit.js')
const variable = () => import('./commands/variable.js')
const automation = () => import('./commands/automation.js')

// In the order in which somebody who is new would need them.
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
  run: {
    summary: 'run a flow from a file',
    load: () => import('./commands/run.js'),
    executesFlows: true,
  },
  deploy: {
    summary: 'make a flow in a file runnable by the workers of a work pool',
    load: () => import('./commands/deploy.js'),
    executesFlows: true,
  },
  serve: {
    summary: 'deploy a flow in a file and run it from here',
    load: () => import('./commands/serve.js'),
    executesFlows: true,
  },
  'worker start': {
    summary: 'claim runs of a work pool and execute them on this machine',
    load: () => import('./commands/worker-start.js'),
    executesFlows: true,
  },
  execute: {
    summary: 'execute one claimed run, for workers',
    load: () => import('./commands/execute.js'),
    executesFlows: true,
    isHidden: true,
  },
  'worker ls': {
    summary: 'list workers and when they were last seen',
    load: () => import('./commands/worker-ls.js'),
    deliversLeftovers: true,
  },
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
  'flow-run watch': from('follow a flow run until it has ended', async () => (await change()).watch),
  'flow-run explain': {
    summary: 'tell why a flow run is not running',
    load: () => import('./commands/flow-run-explain.js'),
    deliversLeftovers: true,
  },
  'flow-run cancel': from('ask a flow run to stop', async () => (await change()).cancel),
  'flow-run retry': from('run a flow run that has ended once more', async () => (await change()).retry),
  'flow-run pause': from('pause a running flow run', async () => (await change()).pause),
  'flow-run resume': from('let a paused flow run go on', async () => (await change()).resume),
  'flow-run delete': from('delete a flow run', async () => (await change()).remove),
  'deployment ls': {
    summary: 'list deployments',
    load: () => import('./commands/deployment-ls.js'),
    deliversLeftovers: true,
  },
  'deployment inspect': {
    summary: 'show one deployment with its next runs',
    load: () => import('./commands/deployment-inspect.js'),
    deliversLeftovers: true,
  },
  'deployment run': {
    summary: 'make a flow run of a deployment, now or later',
    load: () => import('./commands/deployment-run.js'),
    deliversLeftovers: true,
  },
  'deployment pause': from('stop scheduling a deployment', async () => (await deployment()).pause),
  'deployment resume': from('schedule a deployment again', async () => (await deployment()).resume),
  'deployment delete': {
    summary: 'delete a deployment',
    load: () => import('./commands/deployment-delete.js'),
    deliversLeftovers: true,
  },
  'deployment schedule ls': from('list the schedules of a deployment', async () => (await schedule()).ls),
  'deployment schedule delete': from('delete a schedule', async () => (await schedule()).remove),
  'work-pool ls': from('list work pools', async () => (await pool()).ls),
  'work-pool inspect': from('show one work pool', async () => (await pool()).inspect),
  'work-pool create': from('make a work pool', async () => (await pool()).create),
  'work-pool pause': from('hand out nothing of a work pool', async () => (await pool()).pause),
  'work-pool resume': from('hand out runs of a work pool again', async () => (await pool()).resume),
  'work-pool delete': from('delete a work pool', async () => (await pool()).remove),
  'work-pool update': from('change a work pool', async () => (await pool()).update),
  'work-queue ls': from('list the queues of a work pool', async () => (await queue()).ls),
  'work-queue create': from('make a queue', async () => (await queue()).create),
  'work-queue update': from('change a queue', async () => (await queue()).update),
  'work-queue pause': from('hand out nothing of a queue', async () => (await queue()).pause),
  'work-queue resume': from('hand out runs of a queue again', async () => (await queue()).resume),
  'limit ls': from('list concurrency limits', async () => (await limit()).ls),
  'limit inspect': from(
    'show one limit, who holds its slots and who waits',
    async () => (await limit()).inspect,
  ),
  'limit create': from('make a limit', async () => (await limit()).create),
  'limit update': from('change a limit', async () => (await limit()).update),
  'limit delete': from('delete a limit', async () => (await limit()).remove),
  'variable ls': from('list variables', async () => (await variable()).ls),
  'variable get': from('print the value of a variable', async () => (await variable()).get),
  'variable set': from('make or change a variable', async () => (await variable()).set),
  'variable delete': from('delete a variable', async () => (await variable()).remove),
  'automation ls': from('list automations', async () => (await automation()).ls),
  'automation inspect': from('show one automation and what it did', async () => (await automation()).inspect),
  'automation pause': from('let an automation rest', async () => (await automation()).pause),
  'automation resume': from('let it wait for events again', async () => (await automation()).resume),
  'automation delete': from('delete an automation', async () => (await automation()).remove),
  'key verify': {
    summary: 'tell a mistyped key from a whole one, offline',
    load: () => import('./commands/key-verify.js'),
  },
}

/** The longest name that the arguments begin with. */
const nameOf = (args: readonly string[]): string | undefined =>
  [3, 2, 1].map((words) => args.slice(0, words).join(' ')).find((each) => Object.hasOwn(COMMANDS, each))

export const executesFlows = (args: readonly string[]): boolean =>
  COMMANDS[nameOf(args) ?? '']?.executesFlows === true

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
  const name = nameOf(args)
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
function dispatchGroup(args: readonly string[]): number {
  const isGroup = (words: readonly string[]) =>
    Object.keys(COMMANDS).some((name) => name.startsWith(`${words.join(' ')} `))
  let group: readonly string[] = []
  while (group.length < args.length && isGroup(args.slice(0, group.length + 1)))
    group = args.slice(0, group.length + 1)
  const next = args[group.length]
  if (group.length > 0 && (next === undefined || next === '--help' || next === '-h')) {
    return print(overview(`${group.join(' ')} `))
  }
  throw usageError(
    `there is no command "${[...group, next].join(' ')}"`,
    ['rigel', ...group, '--help'].join(' '),
  )
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
