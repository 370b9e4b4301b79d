import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isAlive } from '../process/process-identity.mjs'
import { askerOf } from './ask.ts'
import { rigelFor } from './rigel.ts'
import { runCommand, type ServerProcess, startProcess } from './start-process.ts'

const root = mkdtempSync(join(tmpdir(), 'rigel-outage-'))
const dataDir = join(root, 'data')
let server: ServerProcess
afterAll(async () => {
  await server?.stop()
  rmSync(root, { recursive: true, force: true })
})

const flows = join(root, 'flows.ts')
writeFileSync(
  flows,
  `import { existsSync } from 'node:fs'
   import { setTimeout as wait } from 'node:timers/promises'
   import { flow, logger, task } from '@rigel/agent'
   const step = task({ name: 'step' }, async (i: number) => logger.info('line %d', i))
   export const waits = flow({ name: 'waits' }, async (path: string) => {
     console.log('waiting')
     while (!existsSync(path)) await wait(20)
     for (let i = 0; i < 50; i++) await step(i)
   })
  `,
)

test('a server that is killed and comes back finds every run of a worker executed once, also what ended meanwhile', async () => {
  server = await startProcess(dataDir)
  const { stdout } = await runCommand(
    [
      ...[
        'lib/process/run.mjs',
        'admin',
        'bootstrap',
        '--json',
        '--user',
        'ada',
        '--email',
        'ada@example.com',
      ],
      ...['--account', 'ada', '--workspace', 'main'],
    ],
    dataDir,
  )
  const made = JSON.parse(stdout)
  const url = `${made.api_url}/accounts/${made.account_id}/workspaces/${made.workspace_id}`
  const rigel = rigelFor({ url, apiKey: made.api_key })
  const ask = askerOf({ url, apiKey: made.api_key })
  await rigel.run('work-pool', 'create', 'local')
  await rigel.run('deploy', flows, '--pool', 'local', '-n', 'test')
  const worker = rigel.start('worker', 'start', '-p', 'local', '--claim-seconds', '15')
  const signs = ['during', 'after'].map((name) => join(root, name))
  const ids: string[] = []
  for (const sign of signs)
    ids.push((await rigel.run('deployment', 'run', 'waits/test', '-p', `path=${sign}`)).trim())
  const [during = '', after = ''] = ids
  const read = (id: string) =>
    ask<{ state_name: string; infrastructure_pid: string; run_count: number }>('GET', `/flow_runs/${id}`)
  for (const id of ids)
    await expect.poll(async () => (await read(id)).state_name, { timeout: 60_000 }).toBe('Running')
  const pid = Number((await read(during)).infrastructure_pid.split(':').at(-1))

  await server.stop('SIGKILL')
  await worker.says('cannot be reached')
  writeFileSync(signs[0] ?? '', '')
  // Its process is gone with all that it has to say still on disk.
  await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false)
  const port = new URL(server.url).port
  server = await startProcess(dataDir, { env: { PORT: port } })
  await worker.says('answers again')
  writeFileSync(signs[1] ?? '', '')
  for (const id of [during, after]) {
    await expect.poll(async () => (await read(id)).state_name, { timeout: 60_000 }).toBe('Completed')
    const states = await ask<{ name: string }[]>('GET', `/flow_run_states/?flow_run_id=${id}`)
    expect(states.map(({ name }) => name)).toEqual(['Scheduled', 'Pending', 'Running', 'Completed'])
    expect((await read(id)).run_count).toBe(1)
    const logs = { flow_run_id: { any_: [id] } }
    const lines = await ask<{ message: string }[]>('POST', '/logs/filter', {
      logs,
      sort: 'TIMESTAMP_ASC',
      limit: 200,
    })
    const said = lines.map(({ message }) => message).filter((message) => message.startsWith('line '))
    expect(said).toEqual(Array.from({ length: 50 }, (_, i) => `line ${i}`))
  }
  worker.child.kill('SIGTERM')
  expect((await worker.ended).status).toBe(0)
})
