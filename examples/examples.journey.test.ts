import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPrefectClient, prefectEnvironment, startProgram } from '../lib/testing/python.ts'
import { rigelFor } from '../lib/testing/rigel.ts'
import { type ServerTenant, startTestServer, type TestServer } from '../lib/testing/server.ts'

const root = join(import.meta.dirname, '..')
const prefect = await findPrefectClient()
if ('missing' in prefect) console.warn(`Skipped the Python examples: ${prefect.missing}`)

let server: TestServer
let home: string
beforeAll(async () => {
  // What a user's command is; does nothing when it is built.
  execFileSync(process.execPath, [join(root, 'lib/process/build.mjs'), 'agent'], { stdio: 'ignore' })
  server = await startTestServer()
  home = mkdtempSync(join(tmpdir(), 'rigel-examples-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const runWithRigel = (tenant: ServerTenant, name: string, ...args: string[]) =>
  startProgram(process.execPath, ['agent/dist/cli.js', 'run', `examples/typescript/${name}.ts`, ...args], {
    NODE_ENV: 'test',
    PATH: process.env.PATH,
    HOME: home,
    RIGEL_HOME: join(home, tenant.workspaceId),
    RIGEL_API_URL: tenant.url,
    RIGEL_API_KEY: tenant.apiKey,
  }).ended

const runWithPrefect = (tenant: ServerTenant, name: string, ...args: string[]) =>
  startProgram(
    'python' in prefect ? prefect.python : '',
    [`examples/python/${name}.py`, ...args],
    prefectEnvironment(join(home, tenant.workspaceId), {
      apiUrl: `${server.url}/api`,
      workspaceUrl: tenant.url,
      apiKey: tenant.apiKey,
    }),
  ).ended

interface Row {
  readonly id: string
  readonly name: string
  readonly state_type: string
  readonly state: { readonly type: string; readonly name: string; readonly message: string | null }
  readonly run_count: number
  readonly parameters?: unknown
}

interface Line {
  readonly name: string
  readonly level: number
  readonly message: string
  readonly task_run_id: string | null
}

/** Everything that a workspace says of its one flow run. */
async function readBack(tenant: ServerTenant) {
  const ask = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await tenant.call(method, path, body)
    expect(answer.status, `${method} ${path}`).toBe(200)
    return (await answer.json()) as Answer
  }
  const flowRuns = await ask<Row[]>('POST', '/flow_runs/filter', {})
  expect(flowRuns).toHaveLength(1)
  const [flowRun] = flowRuns as [Row]
  const taskRuns = await ask<Row[]>('POST', '/task_runs/filter', { sort: 'EXPECTED_START_TIME_ASC' })
  const histories = new Map<string, string[]>()
  for (const { id, name } of taskRuns) {
    const states = await ask<{ name: string }[]>('GET', `/task_run_states/?task_run_id=${id}`)
    histories.set(
      name,
      states.map((state) => state.name),
    )
  }
  const lines = await ask<Line[]>('POST', '/logs/filter', { sort: 'TIMESTAMP_ASC', limit: 200 })
  const states = await ask<{ name: string }[]>('GET', `/flow_run_states/?flow_run_id=${flowRun.id}`)
  const task = (prefix: string) => taskRuns.filter(({ name }) => name.startsWith(prefix))
  return {
    flowRun,
    taskRuns,
    task,
    /** State names of each run of the task, in the order of the runs. */
    paths: (prefix: string) => task(prefix).map(({ name }) => histories.get(name)),
    lines,
    states: states.map((state) => state.name),
  }
}

/** Lines of the client's own engine, which are not the user's. */
const ofEngine =
  /^(Beginning flow run|View at|Finished in state|Task run failed with exception|Task run exceeded timeout)/
const ofUser = (lines: readonly Line[]) => lines.filter(({ message }) => !ofEngine.test(message))

const flaky = ['Pending', 'Running', 'AwaitingRetry', 'Retrying', 'AwaitingRetry', 'Retrying', 'Completed']

function expectModel(path: string): void {
  const model = JSON.parse(readFileSync(path, 'utf8'))
  expect(model.weights.length).toBeGreaterThanOrEqual(4)
  expect(model.r2).toBeGreaterThan(0.7)
}

describe('in TypeScript, by the agent', () => {
  test('hello arrives in the workspace', async () => {
    const tenant = await server.tenant()
    const { status, output } = await runWithRigel(tenant, 'hello', '-p', 'name=Ada')
    expect(status, output).toBe(0)
    const { flowRun, taskRuns, lines } = await readBack(tenant)
    expect(flowRun.state.type).toBe('COMPLETED')
    expect(taskRuns.map(({ state }) => state.type)).toEqual(['COMPLETED'])
    expect(lines.map(({ message }) => message)).toContain('Hello, Ada!')
  })

  test('the training pipeline ends Completed in spite of a broken file, a flaky download and a timeout', async () => {
    const tenant = await server.tenant()
    const output = join(home, 'typescript-model')
    const ended = await runWithRigel(
      tenant,
      'training-pipeline',
      ...['-p', `output=${output}`, '-p', 'date=2015-06-01'],
    )
    expect(ended.status, ended.output).toBe(0)
    expectModel(join(output, 'model.json'))
    const { flowRun, taskRuns, paths, task, lines, states } = await readBack(tenant)
    expect(states).toEqual(['Pending', 'Running', 'Completed'])
    expect(flowRun.parameters).toMatchObject({ date: '2015-06-01' })
    expect(taskRuns).toHaveLength(8)
    expect(paths('download')).toEqual([flaky])
    expect(paths('search')).toEqual([['Pending', 'Running', 'TimedOut']])
    expect(
      paths('read')
        .map((path) => path?.at(-1))
        .sort(),
    ).toEqual(['Completed', 'Failed'])
    for (const name of ['prepare', 'train', 'evaluate', 'persist'])
      expect(paths(name)).toEqual([['Pending', 'Running', 'Completed']])
    expect(task('download')[0]?.run_count).toBe(3)
    expect(lines).toHaveLength(15)
    expect(lines.filter(({ level }) => level === 30).map(({ message }) => message)).toEqual([
      expect.stringContaining('going on without corrections: SyntaxError: line 4 has 3 cells'),
    ])
  })
})

describe('in TypeScript, by a worker', () => {
  test('the training pipeline is scheduled for each fifteenth at nine in Seattle, and runs when asked to', async () => {
    const tenant = await server.tenant()
    const rigel = rigelFor(tenant)
    await rigel.run('work-pool', 'create', 'local')
    const id = (await rigel.run('deploy', 'examples/typescript/deploy-monthly.ts')).trim()
    expect((await rigel.run('deploy', 'examples/typescript/deploy-monthly.ts')).trim()).toBe(id)
    const answer = await tenant.call('POST', '/flow_runs/filter', { sort: 'EXPECTED_START_TIME_ASC' })
    const planned = (await answer.json()) as { expected_start_time: string; tags: string[] }[]
    expect(planned.length).toBeGreaterThanOrEqual(3)
    for (const { expected_start_time: at, tags } of planned) {
      const shown = new Date(at).toLocaleString('sv-SE', { timeZone: 'America/Los_Angeles' })
      expect(shown).toMatch(/^\d{4}-\d\d-15 09:00:00$/)
      expect(tags).toEqual(expect.arrayContaining(['weather', 'monthly', 'auto-scheduled']))
    }

    const worker = rigel.start('worker', 'start', '-p', 'local')
    await worker.says('serves work pool local')
    const output = join(home, 'deployed-model')
    const watched = await rigel.try(
      ...['deployment', 'run', 'training-pipeline/monthly', '-p', `output=${output}`, '--watch'],
    )
    expect(watched.status, watched.stderr).toBe(0)
    expect(watched.stdout).toContain('training on days before 2015-06-01')
    expectModel(join(output, 'model.json'))
    worker.child.kill('SIGTERM')
    expect((await worker.ended).status).toBe(0)
  })
})

describe.skipIf('missing' in prefect)('in Python, by the unmodified Prefect client', () => {
  test('hello arrives in the workspace', async () => {
    const tenant = await server.tenant()
    const { status, output } = await runWithPrefect(tenant, 'hello', 'Ada')
    expect(status, output).toBe(0)
    const { flowRun, taskRuns, lines } = await readBack(tenant)
    expect(flowRun.state.type).toBe('COMPLETED')
    expect(taskRuns.map(({ state }) => state.type)).toEqual(['COMPLETED'])
    expect(ofUser(lines).map(({ message }) => message)).toEqual(['Hello, Ada!'])
  })

  test('the training pipeline ends Completed in spite of a broken file, a flaky download and a timeout', async () => {
    const tenant = await server.tenant()
    const ended = await runWithPrefect(tenant, 'training_pipeline', '2015-06-01')
    expect(ended.status, ended.output).toBe(0)
    expectModel(JSON.parse(ended.stdout).path)
    const { flowRun, taskRuns, paths, task, lines, states } = await readBack(tenant)
    expect(states).toEqual(['Pending', 'Running', 'Completed'])
    expect(flowRun.parameters).toMatchObject({ date: '2015-06-01' })
    expect(taskRuns).toHaveLength(7)
    const [first, second] = task('read')
    expect([first?.state.name, first?.run_count]).toEqual(['Completed', 3])
    expect([second?.state.name, second?.run_count]).toEqual(['Failed', 1])
    expect(second?.state.message).toContain('line 4 has 3 cells, not 2')
    expect(paths('read')).toEqual([flaky, ['Pending', 'Running', 'Failed']])
    expect(paths('search')).toEqual([['Pending', 'Running', 'TimedOut']])
    for (const name of ['prepare', 'train', 'evaluate', 'persist'])
      expect(paths(name)).toEqual([['Pending', 'Running', 'Completed']])

    expect(ofUser(lines)).toHaveLength(15)
    expect(lines.filter(({ level }) => level === 30).map(({ message }) => message)).toEqual([
      expect.stringContaining('going on without corrections'),
    ])
    expect(lines.filter(({ message }) => message.startsWith('reading seattle-weather.csv'))).toHaveLength(3)
  })
})
