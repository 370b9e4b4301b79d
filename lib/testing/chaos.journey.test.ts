import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { isAlive } from '../process/process-identity.mjs'
import { rootFolder } from '../process/root.ts'
import { ask } from './ask.ts'
import { findPrefectClient, prefectEnvironment, type RunningProgram, startProgram } from './python.ts'
import { postmasterOf, runCommand, type ServerProcess, startProcess } from './start-process.ts'

const prefect = await findPrefectClient()
if ('missing' in prefect)
  console.warn(`Skipped the Prefect client across a kill of the server: ${prefect.missing}`)

const TASKS = 2000
/** When the server dies: well after the beginning, long before the end. */
const KILL_AT = 500

/** A task takes a moment, so that the kill falls among tasks that run, not only among reports that wait. */
const typescriptFlow = `
import { setTimeout as wait } from 'node:timers/promises'
import { flow, logger, task } from '@rigel/agent'

const step = task({ name: 'step' }, async (i: number) => {
  logger.info('line %d', i)
  await wait(4)
})

export const chaos = flow({ name: 'chaos' }, async () => {
  for (let i = 0; i < ${TASKS}; i++) await step(i)
})
`

const pythonFlow = `
from prefect import flow, get_run_logger, task

@task
def step(i):
    get_run_logger().info("line %d", i)

@flow
def chaos():
    for i in range(${TASKS}):
        step(i)

chaos()
`

let root: string
let dataDir: string
let server: ServerProcess

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rigel-chaos-'))
  dataDir = join(root, 'data')
  server = await startProcess(dataDir)
})

afterAll(async () => {
  await server?.stop()
  const postmaster = postmasterOf(dataDir)
  if (postmaster !== undefined && isAlive(postmaster)) {
    process.kill(postmaster, 'SIGQUIT')
    await expect.poll(() => isAlive(postmaster), { timeout: 10_000 }).toBe(false)
  }
  rmSync(root, { recursive: true, force: true })
})

interface Tenant {
  readonly apiUrl: string
  readonly url: string
  readonly apiKey: string
}

async function makeTenant(handle: string): Promise<Tenant> {
  const { status, stdout, stderr } = await runCommand(
    [
      ...['lib/process/run.mjs', 'admin', 'bootstrap', '--json'],
      ...['--user', handle, '--email', `${handle}@example.com`, '--account', handle, '--workspace', 'main'],
    ],
    dataDir,
  )
  expect(status, stderr).toBe(0)
  const made = JSON.parse(stdout)
  return {
    apiUrl: made.api_url,
    url: `${made.api_url}/accounts/${made.account_id}/workspaces/${made.workspace_id}`,
    apiKey: made.api_key,
  }
}

interface Row {
  readonly id: string
  readonly state_name: string
}

/** All rows of a list, page by page. */
async function readAll<Item>(tenant: Tenant, path: string, body: object): Promise<Item[]> {
  const limit = 200
  const rows: Item[] = []
  for (;;) {
    const page = await ask<Item[]>(tenant, 'POST', path, { ...body, limit, offset: rows.length })
    rows.push(...page)
    if (page.length < limit) return rows
  }
}

const countCompleted = (tenant: Tenant) =>
  ask<number>(tenant, 'POST', '/task_runs/count', { task_runs: { state: { type: { any_: ['COMPLETED'] } } } })

const messagesOf = async (tenant: Tenant): Promise<string[]> =>
  (await readAll<{ message: string }>(tenant, '/logs/filter', { sort: 'TIMESTAMP_ASC' }))
    .map(({ message }) => message)
    .filter((message) => message.startsWith('line '))

const expected = Array.from({ length: TASKS }, (_, i) => `line ${i}`)

interface Acknowledged {
  readonly completed: readonly string[]
  readonly messages: readonly string[]
}

/** Kills the server among the tasks and starts it again where it was. Answers what it had shown before. */
async function killInTheMiddle(
  tenant: Tenant,
  program: RunningProgram,
  { withDatabase = false } = {},
): Promise<Acknowledged> {
  await expect
    .poll(() => countCompleted(tenant), { timeout: 90_000, interval: 20, message: 'tasks arrive' })
    .toBeGreaterThanOrEqual(KILL_AT)
  const [messages, completed] = await Promise.all([
    messagesOf(tenant),
    readAll<Row>(tenant, '/task_runs/filter', {
      task_runs: { state: { type: { any_: ['COMPLETED'] } } },
      sort: 'ID_DESC',
    }),
  ])
  const { port } = new URL(server.url)
  const postmaster = postmasterOf(dataDir) ?? Number.NaN
  if (withDatabase) process.kill(postmaster, 'SIGKILL')
  expect(await server.stop('SIGKILL')).toBe('SIGKILL')
  expect(program.child.exitCode, program.output()).toBeNull()
  expect(completed.length).toBeLessThan(TASKS)
  // The postmaster outlives a server that is killed, and the next server takes it over.
  if (!withDatabase) expect(isAlive(postmaster)).toBe(true)
  server = await startProcess(dataDir, { env: { PORT: port } })
  expect(postmasterOf(dataDir) === postmaster).toBe(!withDatabase)
  return { completed: completed.map(({ id }) => id), messages }
}

/** The run and its tasks, each with its states once, whatever had to be sent again. */
async function expectWhole(tenant: Tenant, acknowledged: Acknowledged): Promise<void> {
  const [run, ...others] = await readAll<Row>(tenant, '/flow_runs/filter', {})
  expect(others).toEqual([])
  expect(run?.state_name).toBe('Completed')
  const flowStates = await ask<{ name: string }[]>(
    tenant,
    'GET',
    `/flow_run_states/?flow_run_id=${run?.id ?? ''}`,
  )
  expect(flowStates.map(({ name }) => name)).toEqual(['Pending', 'Running', 'Completed'])

  const taskRuns = await readAll<Row>(tenant, '/task_runs/filter', { sort: 'ID_DESC' })
  expect(taskRuns).toHaveLength(TASKS)
  expect(new Set(taskRuns.map(({ id }) => id)).size).toBe(TASKS)
  expect(taskRuns.filter((each) => each.state_name !== 'Completed')).toEqual([])
  const ids = new Set(taskRuns.map(({ id }) => id))
  expect(acknowledged.completed.filter((id) => !ids.has(id))).toEqual([])

  const strange: string[] = []
  const queue = [...ids]
  const readStates = async () => {
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      const states = await ask<{ name: string }[]>(tenant, 'GET', `/task_run_states/?task_run_id=${id}`)
      const path = states.map(({ name }) => name).join(' → ')
      if (path !== 'Pending → Running → Completed') strange.push(`${id}: ${path}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, readStates))
  expect(strange).toEqual([])
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): RunningProgram {
  const program = startProgram(command, args, env)
  onTestFinished(() => {
    program.child.kill('SIGKILL')
  })
  return program
}

test('the agent: a server and a database killed among 2,000 tasks lose nothing and count nothing twice', async () => {
  const tenant = await makeTenant('ada')
  const file = join(root, 'chaos.ts')
  writeFileSync(file, typescriptFlow)
  const program = run(process.execPath, [join(rootFolder, 'agent/dist/cli.js'), 'run', file], {
    NODE_ENV: 'test',
    PATH: process.env.PATH,
    HOME: root,
    RIGEL_HOME: join(root, 'agent-home'),
    RIGEL_API_URL: tenant.url,
    RIGEL_API_KEY: tenant.apiKey,
    RIGEL_LOG_LEVEL: 'none',
    RIGEL_DRAIN_SECONDS: '90',
  })
  const acknowledged = await killInTheMiddle(tenant, program, { withDatabase: true })
  const { status, output } = await program.ended
  expect(status, output).toBe(0)
  expect(output).not.toContain('not yet delivered')
  await expectWhole(tenant, acknowledged)
  // Numbered in the outbox: each line once and in its place, also those that were sent again.
  expect(await messagesOf(tenant)).toEqual(expected)
})

test.skipIf('missing' in prefect)(
  'the unmodified Prefect client: a server killed among 2,000 tasks loses nothing that it acknowledged',
  async () => {
    const tenant = await makeTenant('grace')
    const home = join(root, 'prefect-home')
    mkdirSync(home)
    const file = join(root, 'chaos.py')
    writeFileSync(file, pythonFlow)
    const program = run('python' in prefect ? prefect.python : '', [file], {
      ...prefectEnvironment(home, { apiUrl: tenant.apiUrl, workspaceUrl: tenant.url, apiKey: tenant.apiKey }),
      PREFECT_LOGGING_LEVEL: 'INFO',
    })
    const acknowledged = await killInTheMiddle(tenant, program)
    const { status, output } = await program.ended
    expect(status, output.slice(-4000)).toBe(0)
    await expectWhole(tenant, acknowledged)

    const messages = await messagesOf(tenant)
    const arrived = new Set(messages)
    // The client says when it gives a batch of lines up; those that it does not give up are there.
    if (!output.includes('Error logging to API'))
      expect(expected.filter((line) => !arrived.has(line))).toEqual([])
    expect(acknowledged.messages.filter((line) => !arrived.has(line))).toEqual([])
    // Its lines have no ids. What was acknowledged is never sent again, so only the one batch under way may be twice.
    for (const line of acknowledged.messages) expect(messages.indexOf(line)).toBe(messages.lastIndexOf(line))
  },
)
