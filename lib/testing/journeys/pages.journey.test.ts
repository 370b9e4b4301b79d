import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page, Request, Route } from 'playwright-core'
import postgres from 'postgres'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { afterFile } from '../cleanup.ts'
import { createDatabase } from '../database.ts'
import {
  describeInBrowser,
  desktop,
  expectNoComplaints,
  phone,
  testBrowser,
  type Visitor,
} from './browser.ts'
import { openGate } from './gate.ts'
import { keyOf, populate, type Workspace } from './populate.ts'
import { openTerminal } from './terminal.ts'
import { signUp, startWorld, type World } from './world.ts'

const themes = ['light', 'dark'] as const
const mostScriptBytes = 200 * 1024

/** Give a folder to keep pictures of every page: light and dark on a desk, and light on a phone. */
const { RIGEL_SCREENSHOTS: pictures } = process.env

const nobody = '00000000-0000-7000-8000-000000000000'

/** Every page that there is, with the words by which it is known to be there. */
const pages: readonly {
  readonly name: string
  readonly path: (workspace: Workspace) => string
  readonly heading: RegExp
  readonly signedOut?: true
}[] = [
  { name: 'runs', path: () => '/runs', heading: /^Runs$/ },
  { name: 'runs-filtered', path: () => '/runs?state=failed', heading: /^Runs$/ },
  { name: 'runs-no-match', path: () => '/runs?name=nothing-like-it', heading: /^No / },
  { name: 'run', path: (w) => `/runs/flow-run/${w.completed}`, heading: /-/ },
  { name: 'run-tasks', path: (w) => `/runs/flow-run/${w.completed}?tab=task-runs`, heading: /-/ },
  { name: 'run-parameters', path: (w) => `/runs/flow-run/${w.completed}?tab=parameters`, heading: /-/ },
  { name: 'run-states', path: (w) => `/runs/flow-run/${w.completed}?tab=states`, heading: /-/ },
  { name: 'run-failed', path: (w) => `/runs/flow-run/${w.failed}`, heading: /failed/ },
  { name: 'run-running', path: (w) => `/runs/flow-run/${w.running}`, heading: /-/ },
  { name: 'task-run', path: (w) => `/runs/task-run/${w.taskRun}`, heading: /^download/ },
  { name: 'task-run-states', path: (w) => `/runs/task-run/${w.taskRun}?tab=states`, heading: /^download/ },
  { name: 'flows', path: () => '/flows', heading: /^Flows$/ },
  { name: 'flow', path: (w) => `/flows/flow/${w.flow}`, heading: /^training-pipeline$/ },
  {
    name: 'run-waiting',
    path: ({ waiting }) => `/runs/flow-run/${waiting}`,
    heading: /^Why is this run not running/,
  },
  {
    name: 'run-artifacts',
    path: ({ completed }) => `/runs/flow-run/${completed}?tab=artifacts`,
    heading: /^\w+-\w+/,
  },
  { name: 'deployments', path: () => '/deployments', heading: /^Deployments$/ },
  {
    name: 'deployment',
    path: ({ deployment }) => `/deployments/deployment/${deployment}`,
    heading: /hourly$/,
  },
  ...['schedules', 'parameters', 'configuration', 'versions'].map((tab) => ({
    name: `deployment-${tab}`,
    path: ({ deployment }: Workspace) => `/deployments/deployment/${deployment}?tab=${tab}`,
    heading: /hourly$/,
  })),
  {
    name: 'deployment-run',
    path: ({ deployment }) => `/deployments/deployment/${deployment}/run`,
    heading: /^Run orders/,
  },
  { name: 'work-pools', path: () => '/work-pools', heading: /^Work pools$/ },
  { name: 'work-pool', path: ({ pool }) => `/work-pools/work-pool/${pool}`, heading: /^laptop$/ },
  { name: 'work-pool-new', path: () => '/work-pools/create', heading: /^New work pool$/ },
  { name: 'work-queue', path: ({ queue }) => `/work-queues/work-queue/${queue}`, heading: /^high$/ },
  { name: 'concurrency', path: () => '/concurrency-limits', heading: /^Concurrency$/ },
  {
    name: 'concurrency-limit',
    path: ({ limit }) => `/concurrency-limits/concurrency-limit/${limit}`,
    heading: /^warehouse$/,
  },
  { name: 'variables', path: () => '/variables', heading: /^Variables$/ },
  { name: 'artifacts', path: () => '/artifacts', heading: /^Artifacts$/ },
  { name: 'artifact-key', path: ({ artifactKey }) => `/artifacts/key/${artifactKey}`, heading: /^report$/ },
  { name: 'blocks', path: () => '/blocks', heading: /^Blocks$/ },
  { name: 'block-types', path: () => '/blocks/catalog', heading: /^Choose a type$/ },
  { name: 'block-new', path: () => '/blocks/catalog/webhook', heading: /^New Webhook$/ },
  { name: 'block', path: ({ block }) => `/blocks/block/${block}`, heading: /^warehouse-password$/ },
  {
    name: 'block-edit',
    path: ({ block }) => `/blocks/block/${block}/edit`,
    heading: /^Edit warehouse-password$/,
  },
  { name: 'get-started', path: () => '/get-started', heading: /^Run your first flow$/ },
  { name: 'api-keys', path: () => '/settings/api-keys', heading: /^API keys$/ },
  { name: 'profile', path: () => '/settings/profile', heading: /^Profile$/ },
  { name: 'workspace', path: () => '/settings/workspace', heading: /^Default$/ },
  { name: 'not-found', path: () => `/runs/flow-run/${nobody}`, heading: /^No run with this ID/ },
  {
    name: 'consent',
    path: () => '/auth/client?callback=http%3A%2F%2Flocalhost%3A4242&source=rigel',
    heading: /^Let rigel/,
  },
  { name: 'consent-refused', path: () => '/auth/client?callback=http%3A%2F%2Felsewhere', heading: /^No key/ },
  { name: 'not-found-outside', path: () => '/nowhere', heading: /^Nothing at this address$/ },
  {
    name: 'sign-in',
    path: () => '/sign-in?error=AccessDenied',
    heading: /^Sign in to Rigel$/,
    signedOut: true,
  },
]

describeInBrowser('every page', () => {
  const browser = testBrowser()
  let world: World
  let workspace: Workspace
  let visitor: Visitor
  let stranger: Visitor
  beforeAll(async () => {
    world = await startWorld()
    visitor = await browser.visitor(world.origins)
    stranger = await browser.visitor(world.origins)
    await signUp(world, visitor.page, 'ada')
    const tenant = await keyOf(world, visitor.page)
    workspace = await populate(tenant, openTerminal(), await openGate())
  })

  const addressOf = (path: string): string =>
    /^\/(?!auth|sign-in|nowhere)/.test(path) ? workspace.tenant.base + path : world.url + path

  const show = async ({ path, heading, signedOut }: (typeof pages)[number]): Promise<Visitor> => {
    const who = signedOut ? stranger : visitor
    await who.page.goto(addressOf(path(workspace)))
    await who.page.getByRole('heading', { name: heading }).first().waitFor()
    return who
  }

  describe.each(pages)('$name', (each) => {
    test('has no serious fault of accessibility in either theme', async () => {
      const { page } = each.signedOut ? stranger : visitor
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
      const who = await show(each)
      for (const theme of themes) {
        // The page is the same in both: only its colours follow the system.
        await page.emulateMedia({ colorScheme: theme })
        await picture(page, `${each.name}-1440-${theme}`)
        expect(await seriousFaults(page), theme).toEqual([])
      }
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
      expectNoComplaints(who)
    })

    test('fits a phone without scrolling sideways', async () => {
      const { page } = each.signedOut ? stranger : visitor
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
      await page.setViewportSize(phone)
      try {
        await show(each)
        await picture(page, `${each.name}-390-light`)
        expect(await widthOf(page)).toBeLessThanOrEqual(phone.width)
        expect(await seriousFaults(page)).toEqual([])
      } finally {
        await page.setViewportSize(desktop)
      }
    })

    test('fits what lies between a phone and a desk, with room for every column', async () => {
      const { page } = each.signedOut ? stranger : visitor
      try {
        await show(each)
        for (const width of [640, 768, 1024, 1280]) {
          await page.setViewportSize({ ...desktop, width })
          expect(await widthOf(page), `at ${width}`).toBeLessThanOrEqual(width)
          expect(await narrowColumns(page), `at ${width}`).toEqual([])
        }
      } finally {
        await page.setViewportSize(desktop)
      }
    })

    test('loads at most 200 KB of script at first', async () => {
      const { page } = each.signedOut ? stranger : visitor
      const bytes = await firstScriptBytes(page, () => show(each))
      console.info(`${each.name}: ${(bytes / 1024).toFixed(1)} KB of script, compressed`)
      expect(bytes).toBeGreaterThan(0)
      expect(bytes).toBeLessThanOrEqual(mostScriptBytes)
    })
  })

  test.each(themes)(
    'dialogs and menus have no serious fault of accessibility in the %s theme',
    async (theme) => {
      const { page } = visitor
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      await page.goto(`${workspace.tenant.base}/settings/api-keys`)
      const look = async (name: string): Promise<void> => {
        await picture(page, `${name}-1440-${theme}`)
        expect(await seriousFaults(page), name).toEqual([])
      }
      await page.getByRole('button', { name: 'Generate key' }).click()
      const dialog = page.getByRole('dialog', { name: 'Generate an API key' })
      await dialog.getByRole('button', { name: 'Generate key' }).click()
      await dialog.getByText('A key needs a name').waitFor()
      await look('generate-key')
      await dialog.getByLabel('Name').fill(`ci-${theme}`)
      await dialog.getByRole('button', { name: 'Generate key' }).click()
      const shown = page.getByRole('dialog', { name: 'Key generated' })
      await shown.getByRole('button', { name: 'Copy key' }).click()
      await look('key-generated')
      await shown.getByRole('button', { name: 'Done' }).click()
      await shown.waitFor({ state: 'detached' })
      await page.getByRole('button', { name: `Actions for ci-${theme}` }).click()
      await page.getByRole('menuitem', { name: 'Roll key' }).waitFor()
      await look('key-menu')
      await page.getByRole('menuitem', { name: 'Roll key' }).click()
      await page.getByRole('dialog', { name: `Roll ci-${theme}?` }).waitFor()
      await look('roll-key')
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.getByRole('button', { name: `Actions for ci-${theme}` }).click()
      await page.getByRole('menuitem', { name: 'Revoke key' }).click()
      await page.getByRole('dialog', { name: `Revoke ci-${theme}?` }).waitFor()
      await look('revoke-key')
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.getByRole('button', { name: /, switch$/ }).click()
      await page.getByRole('menuitem').first().waitFor()
      await look('workspace-switcher')
      await page.keyboard.press('Escape')
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
      await look('shortcuts')
      await page.goto(`${workspace.tenant.base}/deployments`)
      await page.getByRole('button', { name: 'Tag', exact: true }).click()
      await page.getByRole('checkbox', { name: 'orders' }).check()
      await page.waitForURL(/tag=orders/)
      await look('tags')
      expectNoComplaints(visitor)
    },
  )

  test('a choice of theme is kept, and painted at once', async () => {
    const { page } = visitor
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto(`${workspace.tenant.base}/runs`)
    await live(page)
    const canvas = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await canvas()
    await page.getByRole('button', { name: /, your menu$/ }).click()
    await page.getByRole('menuitemradio', { name: 'Dark' }).click()
    await page.keyboard.press('Escape')
    expect(await canvas()).not.toBe(light)
    const answer = await page.reload()
    expect(await answer?.text()).toMatch(/<html[^>]* data-theme="dark"/)
    await live(page)
    await page.getByRole('button', { name: /, your menu$/ }).click()
    await page.getByRole('menuitemradio', { name: 'Same as system' }).click()
    await page.keyboard.press('Escape')
    expect(await canvas()).toBe(light)
  })

  test('works by keyboard: skip link, list, run and back', async () => {
    const { page } = visitor
    await page.goto(`${workspace.tenant.base}/runs`)
    await page.getByRole('table', { name: 'Flow runs' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.id === 'main')
    await live(page)
    await page.keyboard.press('g')
    await page.keyboard.press('f')
    await page.waitForURL(/\/flows$/)
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForURL(/\/runs$/)
  })

  test('a state is on screen shortly after its commit', async () => {
    const { tenant } = workspace
    const { page } = visitor
    const flow = await tenant.call('POST', '/flows/', { name: 'probe' })
    const run = await tenant.call('POST', '/flow_runs/', {
      flow_id: flow.id,
      state: { type: 'RUNNING', name: 'Running' },
    })
    await page.goto(`${tenant.base}/runs/flow-run/${run.id}?tab=task-runs`)
    await live(page)
    const sinceAnswer: number[] = []
    const sinceAsked: number[] = []
    for (let n = 0; n < 20; n++) {
      const seen = seenAt(page, `probe-${n}`, 'Completed')
      const task = await tenant.call('POST', '/task_runs/', {
        ...{ flow_run_id: run.id, task_key: 'probe', dynamic_key: String(n), name: `probe-${n}` },
        state: { type: 'RUNNING', name: 'Running' },
      })
      const asked = Date.now()
      const answer = await tenant.call('POST', `/task_runs/${task.id}/set_state`, {
        state: { type: 'COMPLETED', name: 'Completed' },
      })
      const answered = Date.now()
      expect(answer.status).toBe('ACCEPT')
      const at = await seen
      sinceAnswer.push(at - answered)
      sinceAsked.push(at - asked)
    }
    // Printed, not asserted: what else the machine does is not known. The aim is 300 ms on an idle one.
    console.info(
      `a state was on screen ${summary(sinceAnswer)} after its commit was answered, ${summary(sinceAsked)} after it was asked for`,
    )
  })

  test('a cut stream is said, and goes on where it stood once it is back', async () => {
    const { tenant } = workspace
    const { page } = visitor
    await page.route('**/live?*', (route) => route.abort())
    await page.goto(`${tenant.base}/runs`)
    await page.getByRole('status').filter({ hasText: 'Not live.' }).waitFor()
    await picture(page, 'not-live-1440-light')
    expect(await seriousFaults(page)).toEqual([])
    const flow = await tenant.call('POST', '/flows/', { name: 'meanwhile' })
    await tenant.call('POST', '/flow_runs/', {
      flow_id: flow.id,
      state: { type: 'RUNNING', name: 'Running' },
    })
    await page.unroute('**/live?*')
    await page.getByRole('button', { name: 'Reconnect' }).click()
    await page.getByRole('link', { name: /^meanwhile/ }).waitFor()
    await page.getByRole('status').filter({ hasText: 'Not live.' }).waitFor({ state: 'detached' })
    visitor.complaints()
  })
})

describeInBrowser('while the database is away', () => {
  const browser = testBrowser()

  test('a page says what is not affected, and comes back by itself', async () => {
    const outage = await startOutage()
    const world = await startWorld({ DATABASE_URL: outage.url })
    const { page } = await browser.visitor(world.origins)
    const base = await signUp(world, page)
    await page.goto(`${base}/runs`)
    await page.getByText('No runs yet').waitFor()
    await outage.begin()
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme })
      await page.goto(`${base}/runs`)
      await page.getByRole('heading', { name: 'This page could not be loaded' }).waitFor()
      await picture(page, `error-1440-${theme}`)
      expect(await seriousFaults(page)).toEqual([])
    }
    const text = await page.locator('body').textContent()
    expect(text).toContain('Your runs are not affected')
    expect(text).not.toMatch(/ECONNREFUSED|postgres|database "|at .*\.js:/)
    expect((await fetch(`${world.url}/health`)).status).toBe(200)
    expect((await fetch(`${world.url}/ready`)).status).toBe(503)
    await page.getByText(/Trying again by itself in \d+ s/).waitFor()
    await outage.end()
    await page.getByText('No runs yet').waitFor()
    await world.server.stop()
  })
})

/** A database that can be taken away and given back. */
async function startOutage(): Promise<{
  readonly url: string
  begin(): Promise<void>
  end(): Promise<void>
}> {
  const { url, drop } = await createDatabase()
  const name = url.slice(url.lastIndexOf('/') + 1)
  const sql = postgres(inject('testClusterUrl'), { max: 1, onnotice: () => {} })
  afterFile(async () => {
    await sql.end({ timeout: 5 })
    await drop()
  })
  return {
    url,
    async begin() {
      await sql.unsafe(`alter database "${name}" allow_connections false`)
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
    },
    async end() {
      await sql.unsafe(`alter database "${name}" allow_connections true`)
    },
  }
}

/** The page's scripts are at work and its stream is open. */
const live = (page: Page): Promise<void> =>
  page.getByText('Live', { exact: true }).filter({ visible: true }).first().waitFor()

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return
  if (await page.getByRole('navigation', { name: 'Main' }).isVisible())
    await live(page).catch(() => undefined)
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}

interface Fault {
  readonly rule: string
  readonly where: readonly string[]
}

async function seriousFaults(page: Page): Promise<Fault[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => ({
      rule: id,
      where: nodes
        .slice(0, 5)
        .map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary ?? ''}`),
    }))
}

const widthOf = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth)

/** Lists that are wider than their place, and columns whose own head does not fit: what stands below it cannot be read. */
const narrowColumns = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLTableElement>('main table.t.flush, main table.t.inset')].flatMap(
      (table) => {
        const name = table.caption?.textContent ?? 'a table'
        const room = table.parentElement?.clientWidth ?? 0
        const range = document.createRange()
        const cut = [...(table.tHead?.rows[0]?.cells ?? [])].filter((head) => {
          range.selectNodeContents(head)
          const isShown = head.offsetWidth > 0 && !head.querySelector('.sr-only')
          return isShown && range.getBoundingClientRect().width > head.clientWidth
        })
        return [
          ...(table.offsetWidth > room + 1
            ? [`${name} is ${table.offsetWidth} px wide and has ${room}`]
            : []),
          ...cut.map((head) => `${name}: ${head.textContent} has ${head.clientWidth} px`),
        ]
      },
    ),
  )

/**
 * The scripts that the page itself asks for until it answers to the reader, compressed as the proxy in front does. What
 * its links fetch ahead for the next page comes after that, and how much of it by a given moment is chance: such requests
 * are refused, so that only the page's own are left to count.
 */
async function firstScriptBytes(page: Page, visit: () => Promise<unknown>): Promise<number> {
  const scripts = new Map<Request, Promise<number>>()
  const keep = (request: Request): void => {
    if (request.resourceType() === 'script') scripts.set(request, compressedBytes(request))
  }
  const refuse = (route: Route): Promise<void> =>
    route.request().headers()['next-router-prefetch'] ? route.abort() : route.continue()
  // What the page before still asks for is not this one's.
  await page.goto('about:blank')
  // Intercepted requests are never answered from the browser's cache.
  await page.route('**/*', refuse)
  page.on('request', keep)
  try {
    await visit()
    await page.waitForLoadState('load')
    await page.waitForFunction(isHydrated)
    // A script may ask for another.
    for (let known = -1; known < scripts.size; ) {
      known = scripts.size
      await Promise.all(scripts.values())
      await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)))
    }
  } finally {
    page.off('request', keep)
    await page.unroute('**/*', refuse)
  }
  const bytes = await Promise.all(scripts.values())
  return bytes.reduce((sum, each) => sum + each, 0)
}

async function compressedBytes(request: Request): Promise<number> {
  const response = await request.response()
  return response ? gzipSync(await response.body(), { level: 6 }).length : 0
}

/** React has taken over the page's own words, not only the frame around them. */
const isHydrated = (): boolean =>
  Object.keys(document.querySelector('h1') ?? {}).some((key) => key.startsWith('__reactFiber'))

/** When the row of this name first says the word, by the browser's clock, which is this machine's. */
const seenAt = (page: Page, name: string, word: string): Promise<number> =>
  page.evaluate(
    ([name, word]) =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          const row = [...document.querySelectorAll('tr')].find((each) =>
            each.textContent?.includes(name ?? ''),
          )
          if (!row?.textContent?.includes(word ?? '')) return
          observer.disconnect()
          resolve(Date.now())
        }
        const observer = new MutationObserver(look)
        observer.observe(document.body, { subtree: true, childList: true, characterData: true })
        look()
      }),
    [name, word],
  )

function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return `${at(0.5)} ms (median; ${at(1)} ms at most)`
}
