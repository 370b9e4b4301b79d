import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { rootFolder } from '../../process/root.ts'
import { findPrefectClient } from '../python.ts'
import { describeInBrowser, expectNoComplaints, testBrowser } from './browser.ts'
import { openGate } from './gate.ts'
import { openTerminal } from './terminal.ts'
import { baseOf, startWorld, type World } from './world.ts'

const prefect = await findPrefectClient()
if ('missing' in prefect) console.warn(`Skipped the journey of the Prefect client: ${prefect.missing}`)

const example = (path: string): string => join(rootFolder, 'examples', path)

/** Presses a copy button and answers what it copied. */
async function copied(page: Page, button: Locator): Promise<string> {
  await button.click()
  return page.evaluate(() => navigator.clipboard.readText())
}

/** The commands that stand on Get started, in order, as their copy buttons give them. */
async function shownCommands(page: Page): Promise<string[]> {
  const commands: string[] = []
  for (const button of await page.getByRole('button', { name: 'Copy command' }).all())
    commands.push(await copied(page, button))
  return commands
}

/** Marks the page; a reload or a new document would lose the mark. */
const mark = (page: Page): Promise<void> =>
  page.evaluate(() => Reflect.set(window, 'marked', true)).then(() => {})
const isMarked = (page: Page): Promise<boolean> => page.evaluate(() => Reflect.get(window, 'marked') === true)

const runRow = (page: Page, flow: string): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: new RegExp(`^${flow} ?/`) }) })

async function signUpByHand(world: World, page: Page, login: string): Promise<void> {
  world.github.signIn({ id: login.length * 7919, login })
  world.github.consent = 'ask'
  await page.goto(world.url)
  await page.getByRole('button', { name: /^Continue with/ }).click()
  await page.getByRole('link', { name: 'Authorize' }).click()
  await page.getByRole('heading', { name: 'Run your first flow' }).waitFor()
}

async function generateKey(page: Page): Promise<string[]> {
  await page.getByRole('button', { name: 'Generate API key' }).click()
  await page.getByText('Your key stands in the command.').waitFor()
  return shownCommands(page)
}

async function revoke(page: Page, keyName: string): Promise<void> {
  await page.getByRole('link', { name: 'Settings' }).first().click()
  await page.getByRole('link', { name: 'API keys' }).first().click()
  await page.getByRole('button', { name: `Actions for ${keyName}` }).click()
  await page.getByRole('menuitem', { name: 'Revoke key' }).click()
  await page
    .getByRole('dialog', { name: `Revoke ${keyName}?` })
    .getByRole('button', { name: 'Revoke key' })
    .click()
  await page.getByText(`Revoked ${keyName}.`).waitFor()
}

/** Clicks what Get started turned into, and answers the run's page. */
async function openFirstRun(page: Page, flow: string): Promise<void> {
  const status = page.getByRole('status').filter({ hasText: 'started' })
  await status.getByRole('link').first().click()
  await page.waitForURL(/\/runs\/flow-run\//)
  await page.getByRole('link', { name: flow }).first().waitFor()
}

async function seeTheExample(page: Page, flow: string): Promise<void> {
  // The run arrives in the list by itself, and is Completed there.
  const row = runRow(page, flow)
  await row.getByText('Completed').waitFor()
  expect(await isMarked(page)).toBe(true)
  await row.getByRole('link').first().click()
  await page.waitForURL(/\/runs\/flow-run\//)
  // The failed branch.
  const timeline = page.getByRole('region', { name: 'Timeline' })
  await timeline.getByRole('listitem').filter({ hasText: /^read/ }).first().waitFor()
  await page.getByRole('link', { name: /^Task runs/ }).click()
  const tasks = page.getByRole('table', { name: 'Task runs' })
  const failed = tasks.getByRole('row').filter({ hasText: 'Failed' })
  await failed.waitFor()
  expect(await failed.count()).toBe(1)
  expect(await tasks.getByRole('row').filter({ hasText: 'Timed out' }).count()).toBe(1)
  // Its warning.
  await page.getByRole('link', { name: /^Logs/ }).click()
  const lines = page.getByRole('log', { name: 'Log lines' })
  await lines.getByRole('listitem').nth(5).waitFor()
  await page.getByRole('button', { name: /^Level/ }).click()
  await page.getByRole('menuitemradio', { name: 'Warning and above' }).click()
  await page.waitForURL(/level=30/)
  await lines.getByText('going on without corrections').waitFor()
  // The rows of the other level go with the new page.
  await lines.getByText(/^training on days before/).waitFor({ state: 'detached' })
}

describeInBrowser('from sign-up to a revoked key', () => {
  const browser = testBrowser()
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })

  test('with the TypeScript agent', async () => {
    const terminal = openTerminal()
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    await signUpByHand(world, page, 'ada')

    // The page's own three commands, pasted as they stand there.
    const [install, login, run] = await generateKey(page)
    expect(install).toBe('npm install @rigel/agent')
    expect(login).toMatch(/^npx rigel login -k rgu_\S+/)
    const loggedIn = await terminal.type(login ?? '')
    expect(loggedIn.status, loggedIn.output).toBe(0)
    expect(loggedIn.output).toContain('Signed in to ada/')
    const key = /-k (\S+)/.exec(login ?? '')?.[1] ?? ''
    expect(loggedIn.output).not.toContain(key)

    await mark(page)
    await page.getByRole('status').filter({ hasText: 'Waiting for your first run' }).waitFor()
    writeFileSync(
      join(terminal.folder, 'hello.ts'),
      await copied(page, page.getByRole('button', { name: 'Copy hello.ts' })),
    )
    const hello = await terminal.type(run ?? '')
    expect(hello.status, hello.output).toBe(0)
    await openFirstRun(page, 'hello')
    expect(await isMarked(page)).toBe(true)

    // The training pipeline arrives in the list without a reload.
    await page.getByRole('link', { name: 'Runs', exact: true }).first().click()
    await runRow(page, 'hello').waitFor()
    const pipeline = await terminal.type(
      `npx rigel run ${example('typescript/training-pipeline.ts')} -p output=model -p date=2015-06-01`,
    )
    expect(pipeline.status, pipeline.output).toBe(0)
    expect(JSON.parse(readFileSync(join(terminal.folder, 'model', 'model.json'), 'utf8')).r2).toBeGreaterThan(
      0.7,
    )
    await seeTheExample(page, 'training-pipeline')

    // A run is followed while it goes on.
    await page.getByRole('link', { name: 'Runs', exact: true }).first().click()
    const gate = await openGate()
    writeFileSync(join(terminal.folder, 'publish.ts'), publish)
    const going = terminal.start(`GATE=${gate.url} npx rigel run publish.ts`)
    await gate.reached('second')
    const row = runRow(page, 'publish')
    await row.getByText('Running').waitFor()
    await row.getByRole('link').first().click()
    const lines = page.getByRole('log', { name: 'Log lines' })
    await lines.getByText('before the gate').waitFor()
    await page.getByRole('button', { name: 'Follow', pressed: true }).waitFor()
    await mark(page)
    gate.open('second')
    await lines.getByText('line 399 behind the gate').waitFor()
    const { status } = await going.ended
    expect(status).toBe(1)
    await page.getByRole('heading', { name: /^upload.*failed/ }).waitFor()
    await page.getByText('the shelf is full').first().waitFor()
    expect(await page.title()).toMatch(/^Failed ·/)
    expect(await isMarked(page)).toBe(true)
    await page.getByRole('link', { name: 'Open failing log' }).click()
    await page.waitForURL(/level=40|#L\d+$/)
    await lines.getByText('Error: the shelf is full').first().waitFor()

    // Once the key is revoked, the next command is refused.
    await revoke(page, 'get-started')
    const refused = await terminal.type('npx rigel flow-run ls')
    expect(refused.status).toBe(1)
    expect(refused.output).toMatch(/refused|revoked/)
    expectNoComplaints(visitor)
  })

  test('every role on a key is kept: a viewer’s key reports nothing', async () => {
    const terminal = openTerminal()
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    await signUpByHand(world, page, 'grace')
    await page.goto(`${baseOf(page)}/settings/api-keys`)
    await page.getByRole('button', { name: 'Generate key' }).click()
    const dialog = page.getByRole('dialog', { name: 'Generate an API key' })
    await dialog.getByLabel('Name').fill('laptop')
    await dialog.getByLabel('Role').selectOption('viewer')
    await dialog.getByRole('button', { name: 'Generate key' }).click()
    const shown = page.getByRole('dialog', { name: 'Key generated' })
    const line = (await shown.locator('code', { hasText: 'rigel login' }).textContent()) ?? ''
    expect((await terminal.type(line)).status).toBe(0)
    expect((await terminal.type('rigel flow-run ls')).status).toBe(0)
    // Not copied: closing asks once.
    await shown.getByRole('button', { name: 'Done' }).click()
    await shown.getByRole('alert').filter({ hasText: 'You have not copied it yet' }).waitFor()
    await shown.getByRole('button', { name: 'Close without copying' }).click()
    await page.getByRole('row').filter({ hasText: 'laptop' }).getByText('Viewer').waitFor()
    expectNoComplaints(visitor)
  })

  describe.skipIf('missing' in prefect)('with the unmodified Prefect client', () => {
    test('from the page’s own commands to a refused one', async () => {
      const terminal = openTerminal({}, 'prefect' in prefect ? [join(prefect.prefect, '..')] : [])
      const visitor = await browser.visitor(world.origins)
      const { page } = visitor
      await signUpByHand(world, page, 'guido')
      await page.getByRole('radio', { name: 'Python' }).click()
      const [install, configure, login, run] = await generateKey(page)
      expect(install).toBe('pip install prefect')
      expect((await terminal.type(configure ?? '')).status).toBe(0)
      const loggedIn = await terminal.type(login ?? '')
      expect(loggedIn.status, loggedIn.output).toBe(0)

      await mark(page)
      writeFileSync(
        join(terminal.folder, 'hello.py'),
        await copied(page, page.getByRole('button', { name: 'Copy hello.py' })),
      )
      const hello = await terminal.type(run ?? '')
      expect(hello.status, hello.output).toBe(0)
      expect(hello.output).toContain('100 rows')
      // The address that the client prints is the page.
      expect(hello.output).toContain(`${baseOf(page)}/runs/flow-run/`)
      await openFirstRun(page, 'hello')
      expect(await isMarked(page)).toBe(true)

      await page.getByRole('link', { name: 'Runs', exact: true }).first().click()
      await runRow(page, 'hello').waitFor()
      const pipeline = await terminal.type(`python ${example('python/training_pipeline.py')} 2015-06-01`)
      expect(pipeline.status, pipeline.output).toBe(0)
      await seeTheExample(page, 'training-pipeline')

      await revoke(page, 'get-started')
      const refused = await terminal.type('prefect flow-run ls')
      expect(refused.status).not.toBe(0)
      expect(refused.output).toMatch(/401|Unauthorized|Invalid|not authenticated/i)
      expectNoComplaints(visitor)
    })
  })
})

/** Waits once on its way, and fails in the end. */
const publish = `
import { flow, logger, task } from '@rigel/agent'

const gate = task({ name: 'gate' }, async () => {
  logger.info('before the gate')
  await fetch(process.env.GATE + '/second')
  for (let n = 0; n < 400; n++) logger.info('line %d behind the gate', n)
})

const upload = task({ name: 'upload' }, async () => {
  throw new Error('the shelf is full')
})

export default flow({ name: 'publish' }, async () => {
  await gate()
  await upload()
})
`
