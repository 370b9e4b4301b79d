import { createServer } from 'node:http'
import { beforeAll, expect, test } from 'vitest'
import type { RunningProgram } from '../python.ts'
import { describeInBrowser, expectNoComplaints, testBrowser } from './browser.ts'
import { openTerminal } from './terminal.ts'
import { signUp, startWorld, type World } from './world.ts'

/** The page that the command asks its user to open. */
async function printedPage(program: RunningProgram): Promise<string> {
  const address = (): string | undefined => /Opening (http\S+)/.exec(program.output())?.[1]
  for (;;) {
    const page = address()
    if (page) return page
    await Promise.race([new Promise((resolve) => program.child.stderr?.once('data', resolve)), program.ended])
    if (program.child.exitCode !== null && !address()) throw new Error(program.output())
  }
}

describeInBrowser('logging a command in through the browser', () => {
  const browser = testBrowser()
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })

  test('a given consent brings the key to the program', async () => {
    const terminal = openTerminal()
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    const login = terminal.start(`rigel login --url ${world.url}`)
    const address = await printedPage(login)
    // Not signed in yet: that comes first, and leads back to the question.
    const callback = new URL(new URL(address).searchParams.get('callback') ?? '').port
    const waiting = await browser.visitor([...world.origins, `http://localhost:${callback}`])
    world.github.signIn({ id: 9001, login: 'lin' })
    await waiting.page.goto(address)
    await waiting.page.getByRole('button', { name: /^Continue with/ }).click()
    await waiting.page.getByRole('heading', { name: 'Let rigel login act as you?' }).waitFor()
    await waiting.page.getByText(`waiting on port ${callback}`).waitFor()
    await waiting.page.getByLabel('Role').selectOption('Developer')
    await waiting.page.getByRole('button', { name: 'Give it a key' }).click()
    await waiting.page.getByRole('heading', { name: 'The program is logged in' }).waitFor()
    const ended = await login.ended
    expect(ended.status, ended.output).toBe(0)
    expect(ended.output).toContain('Signed in to lin/')
    expect(ended.output).not.toMatch(/rgu_\w{20}/)
    expect((await terminal.type('rigel whoami')).output).toContain('lin/')
    // The key stands in the list, within its bounds.
    await waiting.page.goto(world.url)
    await waiting.page.getByRole('link', { name: 'Settings' }).first().click()
    await waiting.page.getByRole('link', { name: 'API keys' }).first().click()
    await waiting.page.getByRole('row').filter({ hasText: 'rigel login' }).getByText('Developer').waitFor()
    expectNoComplaints(waiting, visitor)
    await page.close()
  })

  test('a declined one ends the program with the reason, and makes no key', async () => {
    const terminal = openTerminal()
    const login = terminal.start(`rigel login --url ${world.url}`)
    const address = await printedPage(login)
    const callback = new URL(address).searchParams.get('callback') ?? ''
    const visitor = await browser.visitor([...world.origins, callback])
    const { page } = visitor
    await signUp(world, page)
    await page.goto(address)
    await page.getByRole('button', { name: 'Give nothing' }).click()
    await page.getByRole('heading', { name: 'Nothing was given' }).waitFor()
    const ended = await login.ended
    expect(ended.status).toBe(1)
    expect(ended.output).toContain('declined')
    await page.goto(world.url)
    await page.getByRole('link', { name: 'Settings' }).first().click()
    await page.getByRole('link', { name: 'API keys' }).first().click()
    await page.getByText('No API keys').waitFor()
    expectNoComplaints(visitor)
  })

  test('when the program no longer waits, the key is taken back', async () => {
    // A port that nobody listens on.
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    await new Promise((resolve) => server.close(resolve))
    const visitor = await browser.visitor([...world.origins, `http://localhost:${port}`])
    const { page } = visitor
    const base = await signUp(world, page)
    await page.goto(`${world.url}/auth/client?callback=http%3A%2F%2Flocalhost%3A${port}&source=rigel`)
    await page.getByRole('button', { name: 'Give it a key' }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: `no longer waits on port ${port}` })
      .waitFor()
    await page.goto(`${base}/settings/api-keys`)
    await page.getByText('No API keys').waitFor()
    expectNoComplaints(visitor)
  })

  test('an address that is not on this computer gets nothing, not even a question', async () => {
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    await signUp(world, page)
    for (const callback of [
      'https://elsewhere.example/take',
      'http://elsewhere.example:4200',
      'http://localhost.elsewhere.example:4200',
      'http://localhost:4200@elsewhere.example:80',
      'javascript:alert(1)',
    ]) {
      await page.goto(`${world.url}/auth/client?callback=${encodeURIComponent(callback)}&source=rigel`)
      await page.getByRole('heading', { name: 'No key was given' }).waitFor()
      expect(await page.getByRole('button').count()).toBe(0)
    }
    expectNoComplaints(visitor)
  })
})
