import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { askerOf } from './ask.ts'
import { type Rigel, rigelFor } from './rigel.ts'
import { type ServerTenant, startTestServer } from './server.ts'

const server = await startTestServer()
const folder = mkdtempSync(join(tmpdir(), 'rigel-pause-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = join(folder, 'flows.ts')
writeFileSync(
  file,
  `import { flow, logger, pauseFlowRun, suspendFlowRun } from '@rigel/agent'
   const Approval = {
     '~standard': {
       version: 1 as const,
       vendor: 'test',
       types: undefined as unknown as { input: { people: number }; output: { people: number } },
       validate: (value: unknown) => ({ value: value as { people: number } }),
       jsonSchema: {
         input: () => ({ type: 'object', properties: { people: { type: 'integer' } }, required: ['people'] }),
       },
     },
   }
   export const asks = flow({ name: 'asks' }, async () => {
     const { people } = await pauseFlowRun({ input: Approval, description: 'How many?', pollSeconds: 0.1 })
     logger.info('for %s', people)
   })
   export const leaves = flow({ name: 'leaves' }, async () => {
     logger.info('from the beginning')
     try {
       const { people } = await suspendFlowRun({ input: Approval })
       logger.info('for %s', people)
     } catch {
       logger.info('caught')
     }
   })
   export const times = flow({ name: 'times' }, async () => {
     await pauseFlowRun({ timeoutSeconds: 1, pollSeconds: 0.1 })
   })
  `,
)

interface Row {
  readonly id: string
  readonly state_name: string
  readonly state: { readonly message: string }
}

async function world() {
  const tenant = await server.tenant()
  const rigel = rigelFor(tenant)
  return { tenant, rigel, ...asking(tenant, rigel) }
}

function asking(tenant: ServerTenant, rigel: Rigel) {
  const ask = askerOf(tenant)
  const read = (id: string) => ask<Row>('GET', `/flow_runs/${id}`)
  return {
    read,
    /** The run of a flow, once it is in that state. */
    until: async (flow: string, name: string): Promise<string> => {
      const find = async () =>
        (await ask<Row[]>('POST', '/flow_runs/filter', { flows: { name: { any_: [flow] } } }))[0]
      await expect.poll(async () => (await find())?.state_name, { timeout: 60_000 }).toBe(name)
      return (await find())?.id ?? ''
    },
    resume: (id: string, run_input: object) =>
      ask<{ status: string; details: { reason?: string } }>('POST', `/flow_runs/${id}/resume`, { run_input }),
    states: async (id: string) =>
      (await ask<{ name: string }[]>('GET', `/flow_run_states/?flow_run_id=${id}`)).map(({ name }) => name),
    lines: async (id: string) =>
      (
        await ask<{ message: string; name: string }[]>('POST', '/logs/filter', {
          logs: { flow_run_id: { any_: [id] } },
          sort: 'TIMESTAMP_ASC',
        })
      )
        .filter(({ name }) => name === 'rigel.flow-runs')
        .map(({ message }) => message),
    serve: async (flow: string) => {
      await rigel.run('work-pool', 'create', 'local')
      await rigel.run('deploy', `${file}:${flow}`, '--pool', 'local', '-n', 'test')
      const worker = rigel.start('worker', 'start', '-p', 'local')
      await worker.says('serves work pool local')
      await rigel.run('deployment', 'run', `${flow}/test`)
      return worker
    },
  }
}

test('a run that pauses for an input waits in its process, refuses what does not fit, and goes on with what does', async () => {
  const { rigel, until, resume, states, lines } = await world()
  const running = rigel.start('run', `${file}:asks`)
  const id = await until('asks', 'Paused')
  // The schema follows the state.
  await expect
    .poll(async () => (await resume(id, { people: 'many' })).details.reason)
    .toMatch(/people|integer/)
  expect((await resume(id, { people: 3 })).status).toBe('ACCEPT')
  expect((await running.ended).status).toBe(0)
  expect(await states(id)).toEqual(['Pending', 'Running', 'Paused', 'Running', 'Completed'])
  expect(await lines(id)).toContain('for 3')
})

test('a run that a worker executes pauses under its claim and ends as it says', async () => {
  const { serve, until, resume, states } = await world()
  await serve('asks')
  const id = await until('asks', 'Paused')
  await expect.poll(async () => (await resume(id, { people: 1 })).status).toBe('ACCEPT')
  await until('asks', 'Completed')
  expect((await states(id)).slice(-3)).toEqual(['Paused', 'Running', 'Completed'])
})

test('a suspended run leaves its worker, and is executed again from its beginning with the input', async () => {
  const { serve, until, resume, states, lines } = await world()
  const worker = await serve('leaves')
  const id = await until('leaves', 'Suspended')
  await worker.says('suspended until it is resumed')
  await expect.poll(async () => (await resume(id, { people: 2 })).status).toBe('ACCEPT')
  await until('leaves', 'Completed')
  expect(await states(id)).toEqual([
    'Scheduled',
    'Pending',
    'Running',
    'Suspended',
    'Resuming',
    'Pending',
    'Running',
    'Completed',
  ])
  const said = await lines(id)
  expect(said.filter((line) => line === 'from the beginning')).toHaveLength(2)
  expect(said).toContain('for 2')
})

test('a pause that nobody ends fails the run, and a run without a deployment cannot be suspended', async () => {
  const { rigel, until, read } = await world()
  const timed = await rigel.try('run', `${file}:times`)
  expect(timed.status).toBe(1)
  expect((await read(await until('times', 'Failed'))).state.message).toContain('never resumed')
  const alone = await rigel.try('run', `${file}:leaves`)
  expect(alone.stderr).toContain('caught')
})
