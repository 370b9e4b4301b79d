import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFailed, type SuiteFactory } from 'vitest'
import { rootFolder } from '../../process/root.ts'
import { findChromium } from '../tools.ts'

const executablePath = findChromium()

/** A suite in a real browser; skipped, and said so, where there is none. */
export function describeInBrowser(name: string, suite: SuiteFactory): void {
  if (!executablePath)
    console.warn(`Skipped "${name}": no Chromium was found (Debian: apt-get install chromium)`)
  describe.skipIf(!executablePath)(name, suite)
}

const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** How long a page may take for one thing. Generous: the machine may be busy with other tests. */
const patienceMs = 20_000

export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

export interface Visitor {
  readonly page: Page
  /** What the console should not have said, asked for or thrown since the last call. */
  complaints(): readonly string[]
}

export interface TestBrowser {
  /** Somebody with a browser profile of their own. Pages of `origins` alone may be asked for. */
  visitor(origins: readonly string[], options?: BrowserContextOptions): Promise<Visitor>
}

/** One browser for a file, closed after its last test. */
export function testBrowser(): TestBrowser {
  let browser: Browser | undefined
  const pages = new Set<Page>()
  beforeAll(async () => {
    if (executablePath) browser = await chromium.launch({ executablePath, args: switches })
  })
  afterAll(() => browser?.close())
  return {
    async visitor(origins, options) {
      if (!browser) throw new Error('the browser is not open')
      const context = await browser.newContext({ viewport: desktop, ...options })
      context.setDefaultTimeout(patienceMs)
      await context.grantPermissions(['clipboard-read', 'clipboard-write'])
      const page = await context.newPage()
      pages.add(page)
      onTestFailedShow(page)
      const complaints = listen(page, origins)
      return { page, complaints: () => complaints.splice(0) }
    },
  }
}

/** What the page looked like when a test failed, for whoever reads why. */
function onTestFailedShow(page: Page): void {
  try {
    onTestFailed(async ({ task }) => {
      if (page.isClosed()) return
      const folder = join(rootFolder, 'test-results', 'journeys')
      mkdirSync(folder, { recursive: true })
      const path = join(folder, `${task.name.replace(/\W+/g, '-').slice(0, 80)}.png`)
      await page.screenshot({ path, fullPage: true }).catch(() => undefined)
      console.warn(`${task.name}: the page was ${page.url()}, its picture is ${path}`)
    })
  } catch {
    // Not within a test: a hook's failure shows no picture.
  }
}

function listen(page: Page, origins: readonly string[]): string[] {
  const heard: string[] = []
  const own = (url: string): boolean => {
    const { protocol, origin } = new URL(url)
    return protocol === 'data:' || protocol === 'blob:' || origins.includes(origin)
  }
  page.on('pageerror', (error) => heard.push(`thrown on ${page.url()}: ${error.stack ?? error.message}`))
  page.on('console', (message) => {
    // A refused request is the test's own business; what scripts say of themselves is not.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
    heard.push(`said on ${page.url()}: ${message.text()}`)
  })
  page.on('request', (request) => {
    if (!own(request.url())) heard.push(`asked elsewhere on ${page.url()}: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 500) heard.push(`answered ${response.status()}: ${response.url()}`)
  })
  return heard
}

export function expectNoComplaints(...visitors: readonly Visitor[]): void {
  expect(visitors.flatMap((visitor) => visitor.complaints())).toEqual([])
}
