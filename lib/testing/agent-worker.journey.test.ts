import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isAlive } from '../process/process-identity.mjs'
import { askerOf } from './ask.ts'
import { type Rigel, rigelFor } from './rigel.ts'
import { type ServerTenant, startTestServer } from './server.ts'

const server = await startTestServer()
const folder = mkdtempSync(join(tmpdir(), 'rigel-worker-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const flows = join(folder, 'flows.ts')
writeFileSync(
  flows,
  `import { existsSync } from 'node:fs'
   import { setTimeout as wait } from 'node:timers/promises'
   import { flow, interval, logger, task } from '@rigel/agent'

   const shout = task({ name: 'shout' }, async (word: string) => word.toUpperCase())
   const inner = flow({ name: 'inner' }, async () => { await wait(300) })
   export const greet = flow({ name: 'greet' }, async (name: string, greeting = 'hello') => {
     console.log('printed for ' + name)
     logger.info('%s, %s', greeting, await shout(name))
     await inner()
   })
   export const waits = flow({ name: 'waits' }, async (path: string) => {
     console.log('waiting')
     while (!existsSync(path)) await wait(20)
   })
   export const deaf = flow({ name: 'deaf' }, async () => {
     process.on('SIGTERM', () => console.log('SIGTERM is nothing to me'))
     console.log('waiting')
     await new Promise(() => setInterval(() => {}, 1000))
   })
   export const brief = flow({ name: 'brief' }, async (number: number) => { await wait(150) })

   if (process.env.DEPLOY) await greet.deploy({
     name: 'often', workPool: 'local', parameters: { name: 'schedule' }, schedules: [interval(1, { slug: 'often' })],
   })
  `,
)

interface Row {
  readonly id: string
  readonly name: string
  readonly state_type: string
  readonly state_name: string
  readonly state: { readonly message: string; readonly state_details: Readonly<Record<string, unknown>> }
  readonly run_count: number
  readonly infrastructure_pid: string | null
  readonly parameters: unknown
  readonly total_run_time: number
  readonly start_time: string
  readonly end_time: string
}

/** A workspace with a work pool and a worker's machine. */
async function world(pool: readonly string[] = []) {
  const tenant = await server.tenant()
  const rigel = rigelFor(tenant)
  await rigel.run('work-pool', 'create', 'local', ...pool)
  return { tenant, rigel, ...asking(tenant, rigel) }
}

function asking(tenant: ServerTenant, rigel: Rigel) {
  const ask = askerOf(tenant)
  const read = (id: string) => ask<Row>('GET', `/flow_runs/${id}`)
  return {
    ask,
    read,
    deploy: async (flow: string, ...args: string[]) =>
      (await rigel.run('deploy', `${flows}:${flow}`, '--pool', 'local', '-n', 'test', ...args)).trim(),
    make: async (flow: string, ...args: string[]) =>
      (await rigel.run('deployment', 'run', `${flow}/test`, ...args)).trim(),
    until: (id: string, name: string) =>
      expect.poll(async () => (await read(id)).state_name, { timeout: 60_000, interval: 100 }).toBe(name),
    states: async (id: string) =>
      (await ask<{ name: string }[]>('GET', `/flow_run_states/?flow_run_id=${id}`)).map(
        (state) => state.name,
      ),
    lines: async (id: string) =>
      ask<{ name: string; message: string }[]>('POST', '/logs/filter', {
        logs: { flow_run_id: { any_: [id] } },
        sort: 'TIMESTAMP_ASC',
        limit: 200,
      }),
  }
}

test('a deployed flow is run by a worker, which streams what it prints', async () => {
  const { rigel, deploy, read, states, lines, ask } = await world()
  await deploy('greet', '--tag', 'nightly')
  const worker = rigel.start('worker', 'start', '-p', 'local', '--name', 'blue')
  await worker.says('serves work pool local')
  const watched = await rigel.try('deployment', 'run', 'greet/test', '-p', 'name=Ada', '--watch')
  expect(watched.status, watched.stderr).toBe(0)
  expect(watched.stdout).toContain('hello, ADA')
  const [row] = await ask<Row[]>('POST', '/flow_runs/filter', { flows: { name: { any_: ['greet'] } } })
  const run = await read(row?.id ?? '')
  expect(await states(run.id)).toEqual(['Scheduled', 'Pending', 'Running', 'Completed'])
  expect(run).toMatchObject({ state_type: 'COMPLETED', run_count: 1, parameters: { name: 'Ada' } })
  expect(run.infrastructure_pid).toMatch(/:\d+$/)
  const said = (await lines(run.id)).map(({ name, message }) => `${name}: ${message}`)
  expect(said).toContain('process: printed for Ada')
  expect(said).toContain('rigel.flow-runs: hello, ADA')
  expect(await rigel.run('worker', 'ls')).toMatch(/blue +local +ONLINE/)
  expect(await rigel.run('work-pool', 'ls')).toMatch(/local +process +READY/)

  // What stands for the sub-flow takes as long as the sub-flow did.
  const tasks = await ask<Row[]>('POST', '/task_runs/filter', { flow_runs: { id: { any_: [run.id] } } })
  const standIn = tasks.find(({ name }) => name.startsWith('inner'))
  expect(standIn?.total_run_time).toBeGreaterThan(0.29)
  expect(Date.parse(standIn?.end_time ?? '') - Date.parse(standIn?.start_time ?? '')).toBeGreaterThan(290)

  worker.child.kill('SIGTERM')
  expect(await worker.ended).toMatchObject({ status: 0, stdout: '' })
})

test('a schedule hands its runs to the worker, and pausing the deployment ends it', async () => {
  const { rigel, deploy, ask } = await world()
  await deploy('greet', '--interval', '1', '-p', 'name=schedule')
  const worker = rigel.start('worker', 'start', '-p', 'local')
  const done = () =>
    ask<Row[]>('POST', '/flow_runs/filter', { flow_runs: { state: { type: { any_: ['COMPLETED'] } } } })
  await expect.poll(async () => (await done()).length, { timeout: 60_000 }).toBeGreaterThan(2)
  expect(await rigel.run('deployment', 'ls')).toMatch(/greet\/test +READY +every 1 s \(UTC\) +local/)
  expect(await rigel.run('deployment', 'inspect', 'greet/test')).toMatch(/next run +\d{4}-/)
  await rigel.run('deployment', 'pause', 'greet/test')
  expect(await rigel.run('deployment', 'ls')).toMatch(/greet\/test +PAUSED/)
  worker.child.kill('SIGTERM')
  expect((await worker.ended).status).toBe(0)
})

test('a run that waits can say why: no worker has come yet', async () => {
  const { rigel, deploy, make } = await world()
  await deploy('greet')
  const id = await make('greet', '-p', 'name=Ada')
  const explained = await rigel.run('flow-run', 'explain', id)
  expect(explained).toMatch(/held back by/)
  expect(explained).toContain('rigel worker start')
  const later = await make('greet', '-p', 'name=Ada', '--in', '3600')
  expect(await rigel.run('flow-run', 'explain', later)).toMatch(/in 59m|in 1h/)
  await rigel.run('flow-run', 'cancel', later)
  expect(await rigel.run('flow-run', 'ls', '--state', 'CANCELLED')).toContain(later)
})

test('a cancellation reaches a process that ignores being asked and SIGTERM, with a receipt', async () => {
  const { rigel, deploy, make, read, until, lines } = await world()
  await deploy('deaf')
  const worker = rigel.start('worker', 'start', '-p', 'local', '--cancel-seconds', '1')
  const id = await make('deaf')
  await worker.says('| waiting')
  await until(id, 'Running')
  const pid = Number((await read(id)).infrastructure_pid?.split(':').at(-1))
  expect((await rigel.try('flow-run', 'cancel', id)).stderr).toContain('Asked')
  await until(id, 'Cancelled')
  expect(isAlive(pid)).toBe(false)
  expect((await read(id)).state.message).toMatch(
    /asked to stop at .*, SIGTERM at .*, SIGKILL at .*killed by SIGKILL/,
  )
  await expect
    .poll(async () => (await lines(id)).map((line) => line.message).join('\n'))
    .toMatch(/SIGTERM is nothing to me[\s\S]*Cancelled: asked to stop/)
  worker.child.kill('SIGTERM')
  expect((await worker.ended).status).toBe(0)
})

test('a worker that is killed loses its runs within a minute: to Crashed, or to another worker by policy', async () => {
  const { rigel, deploy, make, read, until, states } = await world()
  await deploy('waits')
  await deploy('deaf', '--on-lost', 'reschedule')
  const worker = rigel.start('worker', 'start', '-p', 'local', '--claim-seconds', '15', '--name', 'first')
  const crash = await make('waits', '-p', `path=${join(folder, 'never')}`)
  const again = await make('deaf')
  await Promise.all([until(crash, 'Running'), until(again, 'Running')])
  worker.child.kill('SIGKILL')
  await until(crash, 'Crashed')
  expect((await read(crash)).state.message).toContain('first')
  const second = rigel.start('worker', 'start', '-p', 'local', '--name', 'second', '--drain-seconds', '0')
  await expect
    .poll(async () => (await states(again)).filter((name) => name === 'Running').length, { timeout: 60_000 })
    .toBe(2)
  expect((await states(again)).at(-1)).toBe('Running')
  second.child.kill('SIGTERM')
  expect((await second.ended).status).toBe(0)
})

test('a worker that is stopped lets its runs finish, and hands back the rest at the deadline', async () => {
  const { rigel, deploy, make, read, until } = await world()
  await deploy('waits')
  await deploy('deaf', '--on-lost', 'reschedule')
  const sign = join(folder, 'finish')
  const worker = rigel.start('worker', 'start', '-p', 'local', '--drain-seconds', '6', '--name', 'blue')
  const finishes = await make('waits', '-p', `path=${sign}`)
  const stays = await make('deaf')
  await Promise.all([until(finishes, 'Running'), until(stays, 'Running')])
  worker.child.kill('SIGTERM')
  await worker.says('waiting up to 6 s for 2 runs')
  writeFileSync(sign, '')
  expect((await worker.ended).status).toBe(0)
  expect((await read(finishes)).state_name).toBe('Completed')
  const { state_name: name, state } = await read(stays)
  expect(name).toBe('Rescheduled')
  expect(state.message).toContain('worker blue was stopped')
})

test('twenty runs at once under a limit of five never are more than five', async () => {
  const { rigel, deploy, ask } = await world()
  const deployment = await deploy('brief')
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      ask<Row>('POST', `/deployments/${deployment}/create_flow_run`, { parameters: { number } }),
    ),
  )
  const worker = rigel.start('worker', 'start', '-p', 'local', '--limit', '5')
  const histories = async () =>
    Promise.all(
      made.map(({ id }) =>
        ask<{ type: string; timestamp: string }[]>('GET', `/flow_run_states/?flow_run_id=${id}`),
      ),
    )
  await expect
    .poll(async () => (await histories()).every((states) => states.at(-1)?.type === 'COMPLETED'), {
      timeout: 120_000,
    })
    .toBe(true)
  const edges = (await histories()).flatMap((states) => {
    const from = states.find(({ type }) => type === 'PENDING')?.timestamp ?? ''
    const to = states.at(-1)?.timestamp ?? ''
    return [
      { at: from, step: 1 },
      { at: to, step: -1 },
    ]
  })
  let [active, most] = [0, 0]
  for (const { step } of edges.sort((a, b) => (a.at < b.at ? -1 : 1))) {
    active += step
    most = Math.max(most, active)
  }
  expect(most).toBeLessThanOrEqual(5)
  expect(most).toBeGreaterThan(1)
  worker.child.kill('SIGTERM')
  expect((await worker.ended).status).toBe(0)
})
