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
