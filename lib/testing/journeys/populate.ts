import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { rootFolder } from '../../process/root.ts'
import type { Gate } from './gate.ts'
import type { Terminal } from './terminal.ts'
import { baseOf, type Tenant, tenantOf, type World } from './world.ts'

/** A key of whoever is signed in on this page, made by the page's own means. */
export async function keyOf(world: World, page: Page, name = 'laptop'): Promise<Tenant> {
  const [, accountId = '', workspaceId = ''] = /account\/([^/]+)\/workspace\/([^/]+)/.exec(baseOf(page)) ?? []
  const key = await page.evaluate(
    async (body) => {
      const answer = await fetch('/api/me/api_keys', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-rigel-csrf': '1' },
        body: JSON.stringify(body),
      })
      const made: { readonly key: string } = await answer.json()
      return made.key
    },
    {
      name,
      workspace_id: workspaceId,
      role: 'developer',
      expiration: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    },
  )
  return tenantOf(world, key, accountId, workspaceId)
}

export interface Workspace {
  readonly tenant: Tenant
  readonly completed: string
  readonly failed: string
  /** Stands at the gate until the gate is opened. */
  readonly running: string
  readonly taskRun: string
  readonly flow: string
  readonly deployment: string
  readonly pool: string
  readonly queue: string
  readonly limit: string
  readonly block: string
  readonly artifactKey: string
  /** Waits for a worker that never comes. */
  readonly waiting: string
}

/** A workspace after a morning's work: runs of each outcome, one of them still going on. */
export async function populate(tenant: Tenant, terminal: Terminal, gate: Gate): Promise<Workspace> {
  const login = await terminal.type(`rigel login -k ${tenant.apiKey} --url ${new URL(tenant.base).origin}`)
  expect(login.status, login.output).toBe(0)
  writeFileSync(join(terminal.folder, 'morning.ts'), morning)
  const examples = join(rootFolder, 'examples', 'typescript')
  for (const line of [
    `rigel run ${examples}/hello.ts -p name=Ada`,
    `rigel run ${examples}/training-pipeline.ts -p output=model -p date=2015-06-01`,
    'rigel run morning.ts:report',
    'rigel run morning.ts:publish',
    `rigel run ${examples}/training-pipeline.ts -p output=model`,
  ]) {
    const { status, output } = await terminal.type(line)
    expect(status, output).toBe(line.endsWith('publish') ? 1 : 0)
  }
  terminal.start(`GATE=${gate.url} rigel run morning.ts:refresh`)
  await gate.reached('refresh')
  const idOf = async (flow: string): Promise<string> => {
    const runs = await tenant.call('POST', '/flow_runs/filter', {
      flows: { name: { any_: [flow] } },
      sort: 'START_TIME_DESC',
      limit: 1,
    })
    return runs[0].id
  }
  const completed = await idOf('training-pipeline')
  const [download] = await tenant.call('POST', '/task_runs/filter', {
    flow_runs: { id: { any_: [completed] } },
    task_runs: { name: { like_: 'download' } },
  })
  const flow = await tenant.call('GET', '/flows/name/training-pipeline')
  return {
    tenant,
    completed,
    failed: await idOf('publish'),
    running: await idOf('refresh'),
    taskRun: download.id,
    flow: flow.id,
    ...(await equip(tenant, completed)),
  }
}

/** What a workspace runs with: a deployment on a schedule, a pool without workers, a limit that is taken, and data. */
async function equip(tenant: Tenant, flowRunId: string) {
  const { call } = tenant
  await call('POST', '/work_pools/', { name: 'laptop', type: 'process', concurrency_limit: 4 })
  const queue = await call('POST', '/work_pools/laptop/queues', {
    name: 'high',
    priority: 1,
    concurrency_limit: 2,
  })
  await call('POST', '/work_pools/laptop/workers/heartbeat', {
    name: 'ada-1',
    heartbeat_interval_seconds: 30,
  })
  const flow = await call('POST', '/flows/', { name: 'orders' })
  const deployment = await call('POST', '/deployments/', {
    ...{
      name: 'hourly',
      flow_id: flow.id,
      work_pool_name: 'laptop',
      work_queue_name: 'high',
      tags: ['orders'],
    },
    ...{
      description: 'Loads the orders.',
      version: 'v1',
      entrypoint: 'orders.py:orders',
      concurrency_limit: 1,
    },
    parameters: { region: 'eu' },
    parameter_openapi_schema: {
      type: 'object',
      properties: {
        region: { type: 'string', title: 'Region', enum: ['eu', 'us'], position: 0 },
        batch_size: { type: 'integer', title: 'Batch size', minimum: 1, default: 500, position: 1 },
        since: { type: 'string', format: 'date-time', title: 'Since', position: 2 },
        tables: {
          type: 'array',
          items: { type: 'string' },
          title: 'Tables',
          default: ['orders'],
          position: 3,
        },
      },
      required: ['since'],
    },
    schedules: [
      {
        schedule: { cron: '2 * * * *', timezone: 'Europe/Berlin' },
        slug: 'hourly',
        parameters: { since: '2026-01-01T00:00:00Z' },
      },
      {
        schedule: { interval: 86400 },
        slug: 'nightly',
        active: false,
        parameters: { since: '2026-01-01T00:00:00Z' },
      },
    ],
  })
  await call('PATCH', `/deployments/${deployment.id}`, { version: 'v2', parameters: { region: 'us' } })
  const waiting = await call('POST', `/deployments/${deployment.id}/create_flow_run`, {
    parameters: { since: '2026-01-01T00:00:00Z' },
  })
  const limit = await call('POST', '/v2/concurrency_limits/', { name: 'warehouse', limit: 2 })
  await call('POST', '/v2/concurrency_limits/increment-with-lease', {
    ...{ names: ['warehouse'], slots: 2, mode: 'concurrency', lease_duration: 3600 },
    holder: { type: 'flow_run', id: flowRunId },
  })
  await call('POST', '/variables/', { name: 'region', value: 'eu', tags: ['etl'] })
  await call('POST', '/artifacts/', {
    ...{ key: 'report', type: 'markdown', description: 'What the morning loaded.', flow_run_id: flowRunId },
    data: '# Orders\n\n| region | orders |\n|---|---:|\n| eu | 804 |\n\n<script>document.title = "stolen"</script>',
  })
  const [type] = await call('POST', '/block_types/filter', { block_types: { slug: { any_: ['secret'] } } })
  const [schema] = await call('POST', '/block_schemas/filter', {
    block_schemas: { block_type_id: { any_: [type.id] } },
  })
  const block = await call('POST', '/block_documents/', {
    ...{ name: 'warehouse-password', block_type_id: type.id, block_schema_id: schema.id },
    data: { value: 'hunter2' },
  })
  return {
    ...{ deployment: deployment.id, pool: 'laptop', queue: queue.id, limit: limit.id },
    ...{ block: block.id, artifactKey: 'report', waiting: waiting.id },
  }
}

const morning = `
import { flow, logger, task } from '@rigel/agent'

const fetchPage = task({ name: 'fetch-page', tags: ['io'] }, async (n: number) => {
  logger.info('page %d of 6', n)
  return { n }
})
const load = task({ name: 'load' }, async (page: { n: number }) => ({ rows: page.n * 1204 }))
const merge = task({ name: 'merge' }, async (...parts: { rows: number }[]) => parts.reduce((sum, { rows }) => sum + rows, 0))
const upload = task({ name: 'upload', retries: 1, retryDelay: 0.1 }, async (rows: number) => {
  logger.warn('the shelf is nearly full')
  throw new Error(\`the shelf is full: \${rows} rows do not fit\`)
})
const stand = task({ name: 'wait-for-approval' }, async () => {
  logger.info('waiting')
  await fetch(process.env.GATE + '/refresh')
})

export const report = flow({ name: 'report', tags: ['daily', 'finance'] }, async () => {
  const parts = await Promise.all([1, 2, 3, 4, 5, 6].map(async (n) => load(await fetchPage(n))))
  return merge(...parts)
})
export const publish = flow({ name: 'publish', tags: ['daily'] }, async () => upload(await report()))
export const refresh = flow({ name: 'refresh' }, async () => {
  await fetchPage(1)
  await stand()
})
`
