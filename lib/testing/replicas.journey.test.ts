import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectDatabase } from '../db/clients.ts'
import { ask as askOnce } from './ask.ts'
import { startBalancer } from './balancer.ts'
import { afterFile } from './cleanup.ts'
import { createDatabase } from './database.ts'
import { findPrefectClient, prefectEnvironment, startProgram } from './python.ts'
import { rigelFor } from './rigel.ts'
import { runCommand, type ServerProcess, startProcess } from './start-process.ts'

const prefect = await findPrefectClient()
if ('missing' in prefect) console.warn(`Skipped the stock worker among replicas that die: ${prefect.missing}`)

/** How long replicas are killed and started again. Shorter ones are for working on this test. */
const CHAOS_SECONDS = Number(process.env.RIGEL_CHAOS_SECONDS ?? 300)
const REPLICAS = 3
/** A process of the Prefect client takes over three seconds of CPU to begin, one of the agent a tenth of that. */
const RUNS = {
  agent: Math.round((460 * CHAOS_SECONDS) / 300),
  prefect: 'missing' in prefect ? 0 : Math.round((40 * CHAOS_SECONDS) / 300),
}

const root = mkdtempSync(join(tmpdir(), 'rigel-replicas-'))
afterFile(() => rmSync(root, { recursive: true, force: true }))
const written = join(root, 'executions')
writeFileSync(written, '')

writeFileSync(
  join(root, 'once.ts'),
  `import { appendFileSync } from 'node:fs'
   import { setTimeout as wait } from 'node:timers/promises'
   import { flow } from '@rigel/agent'
   export const once = flow({ name: 'once' }, async ({ n }: { n: number }) => {
     appendFileSync(${JSON.stringify(written)}, 'agent ' + n + '\\n')
     await wait(300)
   })
  `,
)
writeFileSync(
  join(root, 'once.py'),
  `
from prefect import flow

@flow
def once(n: int):
    with open(${JSON.stringify(written)}, "a") as file:
        file.write(f"prefect {n}\\n")

if __name__ == "__main__":
    flow.from_source(source=${JSON.stringify(root)}, entrypoint="once.py:once").deploy(
        name="stock", work_pool_name="stock", build=False, print_next_steps=False)
`,
)

/** Three servers on one database, behind one address. `kill` ends one as if its machine had lost power; it comes back. */
async function startReplicas() {
  const database = await createDatabase()
  afterFile(() => database.drop())
  const running: (ServerProcess | null)[] = Array(REPLICAS).fill(null)
  afterFile(() => Promise.all(running.map((server) => server?.stop('SIGKILL'))))
  const start = async (i: number): Promise<void> => {
    const dataDir = join(root, `replica-${i}`)
    mkdirSync(dataDir, { recursive: true })
    running[i] = await startProcess(dataDir, {
      env: {
        DATABASE_URL: database.url,
        AUTH_SECRET: 'a secret that all replicas share, long enough',
        RIGEL_POOL_SIZE: '4',
      },
    })
  }
  for (let i = 0; i < REPLICAS; i++) await start(i)
  const balancer = await startBalancer(() =>
    running.flatMap((server) => (server ? [Number(new URL(server.url).port)] : [])),
  )
  afterFile(() => balancer.close())
  return {
    balancer,
    databaseUrl: database.url,
    dataDir: join(root, 'replica-0'),
    async kill(i: number): Promise<void> {
      const server = running[i]
      running[i] = null
      await server?.stop('SIGKILL')
    },
    start,
  }
}

interface Run {
  readonly id: string
  readonly name: string
  readonly state_type: string
  readonly state: { readonly message: string | null }
}

test(`${REPLICAS} servers, killed and started again at random, have each of ${RUNS.agent + RUNS.prefect} scheduled runs executed once`, {
  timeout: (CHAOS_SECONDS + 900) * 1_000,
}, async () => {
  const replicas = await startReplicas()
  const { status, stdout, stderr } = await runCommand(
    [
      ...[
        'lib/process/run.mjs',
        'admin',
        'bootstrap',
        '--json',
        '--user',
        'chaos',
        '--email',
        'chaos@example.com',
      ],
      ...['--account', 'chaos', '--workspace', 'main'],
    ],
    replicas.dataDir,
    { DATABASE_URL: replicas.databaseUrl },
  )
  expect(status, stderr).toBe(0)
  const tenant = JSON.parse(stdout)
  const apiUrl = `${replicas.balancer.url}/api`
  const url = `${apiUrl}/accounts/${tenant.account_id}/workspaces/${tenant.workspace_id}`

  const workspace = { url, apiKey: tenant.api_key }
  const ask = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await askOnce<Answer>(workspace, method, path, body, AbortSignal.timeout(20_000))
      } catch (error) {
        // The replica that was asked may have died; the next connection meets another one.
        if (attempt === 10) throw error
        await wait(200)
      }
    }
  }

  const rigel = rigelFor(workspace)
  await rigel.run('work-pool', 'create', 'agents')
  await rigel.run('deploy', `${join(root, 'once.ts')}:once`, '-n', 'agents', '--pool', 'agents')
  const ofAgents = await ask<{ id: string }>('GET', '/deployments/name/once/agents')
  await ask('PATCH', `/deployments/${ofAgents.id}`, {
    concurrency_limit: 6,
    concurrency_options: { collision_strategy: 'ENQUEUE' },
  })

  /** As many runs as there are, spread over the time of the kills. */
  const schedule = async (deploymentId: string, kind: string, count: number): Promise<void> => {
    const from = Date.now() + 5_000
    const bodies = Array.from({ length: count }, (_, n) => ({
      name: `${kind} ${n}`,
      idempotency_key: `${kind} ${n}`,
      parameters: { n },
      state: {
        type: 'SCHEDULED',
        state_details: {
          scheduled_time: new Date(from + (n / count) * (CHAOS_SECONDS - 20) * 1_000).toISOString(),
        },
      },
    }))
    for (let i = 0; i < count; i += 100)
      await ask('POST', `/deployments/${deploymentId}/create_flow_run/bulk`, bodies.slice(i, i + 100))
  }
  const workers = [0, 1].map((i) =>
    rigel.start('worker', 'start', '-p', 'agents', '--name', `agent-${i}`, '--limit', '4'),
  )

  if (!('missing' in prefect)) {
    const home = join(root, 'home')
    mkdirSync(home)
    const env = {
      ...prefectEnvironment(home, { apiUrl, workspaceUrl: url, apiKey: tenant.api_key }),
      PREFECT_WORKER_QUERY_SECONDS: '5',
    }
    await ask('POST', '/work_pools/', { name: 'stock', type: 'process' })
    const deployed = await startProgram(prefect.python, [join(root, 'once.py')], env, root).ended
    expect(deployed.status, deployed.output).toBe(0)
    const stock = await ask<{ id: string }>('GET', '/deployments/name/once/stock')
    await schedule(stock.id, 'prefect', RUNS.prefect)
    const worker = startProgram(
      prefect.prefect,
      ['worker', 'start', '--pool', 'stock', '--limit', '4'],
      env,
      root,
    )
    afterFile(() => worker.child.kill('SIGKILL'))
  }
  await schedule(ofAgents.id, 'agent', RUNS.agent)

  const until = Date.now() + CHAOS_SECONDS * 1_000
  let kills = 0
  while (Date.now() < until) {
    await wait(3_000 + Math.random() * 9_000)
    const victim = Math.floor(Math.random() * REPLICAS)
    await replicas.kill(victim)
    kills++
    await wait(Math.random() * 2_000)
    await replicas.start(victim)
  }

  const total = RUNS.agent + RUNS.prefect
  const count = (types: readonly string[]) =>
    ask<number>('POST', '/flow_runs/count', { flow_runs: { state: { type: { any_: types } } } })
  await expect
    .poll(() => count(['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED']), {
      timeout: 600_000,
      interval: 1_000,
      message: `every run ends, after ${kills} kills`,
    })
    .toBe(total)

  const unfortunate = await ask<Run[]>('POST', '/flow_runs/filter', {
    flow_runs: { state: { type: { not_any_: ['COMPLETED'] } } },
  })
  expect(unfortunate.map((run) => `${run.name}: ${run.state_type} ${run.state.message}`)).toEqual([])
  const wanted = [
    ...Array.from({ length: RUNS.agent }, (_, n) => `agent ${n}`),
    ...Array.from({ length: RUNS.prefect }, (_, n) => `prefect ${n}`),
  ]
  const executions = readFileSync(written, 'utf8').trim().split('\n')
  expect(executions.sort()).toEqual(wanted.sort())

  const db = connectDatabase({ url: replicas.databaseUrl, poolSize: 1 })
  try {
    const [held] = await db.engine`
        select (select count(*)::int from run_claims) as claims, (select count(*)::int from slot_leases) as slots`
    expect(held).toEqual({ claims: 0, slots: 0 })
  } finally {
    await db.close()
  }
  for (const worker of workers) worker.child.kill('SIGTERM')
  for (const worker of workers) expect((await worker.ended).status).toBe(0)
  console.info(`${kills} kills, ${total} runs`)
})
