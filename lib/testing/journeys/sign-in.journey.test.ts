import { beforeAll, expect, test } from 'vitest'
import { startProcess } from '../start-process.ts'
import { describeInBrowser, expectNoComplaints, testBrowser } from './browser.ts'
import { baseOf, signUp, startWorld, temporaryFolder, type World } from './world.ts'

const nobody = '00000000-0000-7000-8000-000000000000'

/** Below a workspace. */
const workspacePages = [
  '',
  '/runs',
  `/runs/flow-run/${nobody}`,
  `/runs/task-run/${nobody}`,
  `/flow-runs/flow-run/${nobody}`,
  '/flows',
  `/flows/flow/${nobody}`,
  '/deployments',
  `/deployments/deployment/${nobody}`,
  '/work-pools',
  '/work-pools/work-pool/nobody',
  `/work-queues/work-queue/${nobody}`,
  `/concurrency-limits/concurrency-limit/${nobody}`,
  '/variables',
  '/artifacts/key/nobody',
  `/blocks/block/${nobody}`,
  '/get-started',
  '/settings',
  '/settings/api-keys',
  '/settings/profile',
  '/settings/workspace',
]

describeInBrowser('signing in with GitHub', () => {
  const browser = testBrowser()
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })

  test('a denied consent leads back with the reason, and the next try works', async () => {
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    world.github.signIn({ id: 1, login: 'deniz' })
    world.github.consent = 'ask'
    await page.goto(world.url)
    await page.getByRole('button', { name: /^Continue with/ }).click()
    await page.getByRole('link', { name: 'Cancel' }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: 'GitHub was not allowed to tell Rigel who you are' })
      .waitFor()
    await page.getByRole('button', { name: /^Continue with/ }).click()
    await page.getByRole('link', { name: 'Authorize' }).click()
    await page.getByRole('heading', { name: 'Run your first flow' }).waitFor()
    world.github.consent = 'auto'
    expectNoComplaints(visitor)
  })

  test('a callback that is replayed signs nobody in', async () => {
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    let callback = ''
    page.on('request', (request) => {
      if (request.url().includes('/api/auth/callback/github')) callback = request.url()
    })
    await signUp(world, page)
    expect(callback).toContain('code=')
    const codesBefore = world.github.exchanged.length
    const thief = await browser.visitor(world.origins)
    await thief.page.goto(callback)
    await thief.page.getByRole('alert').filter({ hasText: 'no longer valid' }).waitFor()
    await thief.page.goto(world.url)
    await thief.page.getByRole('heading', { name: 'Sign in to Rigel' }).waitFor()
    expect(world.github.exchanged).toHaveLength(codesBefore)
    // Also in the browser that it was meant for, whose session stays what it was.
    await page.goto(callback)
    await page.goto(world.url)
    await page.getByRole('heading', { name: 'Run your first flow' }).waitFor()
    expectNoComplaints(visitor, thief)
  })

  test('a second sign-in with a renamed login finds the same account', async () => {
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    world.github.signIn({ id: 77, login: 'old-name' })
    await page.goto(world.url)
    await page.getByRole('button', { name: /^Continue with/ }).click()
    await page.getByRole('heading', { name: 'Run your first flow' }).waitFor()
    const before = baseOf(page)
    const again = await browser.visitor(world.origins)
    world.github.signIn({ id: 77, login: 'new-name' })
    await again.page.goto(world.url)
    await again.page.getByRole('button', { name: /^Continue with/ }).click()
    await again.page.getByRole('heading', { name: 'Run your first flow' }).waitFor()
    expect(baseOf(again.page)).toBe(before)
    await again.page.getByRole('button', { name: /^Workspace old-name\// }).waitFor()
    expectNoComplaints(visitor, again)
  })

  test('somebody else with the name that was given up gets an account of their own', async () => {
    const first = await browser.visitor(world.origins)
    const second = await browser.visitor(world.origins)
    const base = await signUp(world, first.page, 'wanted')
    expect(await signUp(world, second.page, 'wanted')).not.toBe(base)
    await second.page.getByRole('button', { name: /^Workspace wanted-\w+\// }).waitFor()
    expectNoComplaints(first, second)
  })

  test('signing out ends the session at once, in every tab', async () => {
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    const base = await signUp(world, page)
    const other = await page.context().newPage()
    await other.goto(`${base}/runs`)
    const cookies = await page.context().cookies()
    await page.getByRole('button', { name: /, your menu$/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(/\/sign-in/)
    await other.reload()
    await other.waitForURL(/\/sign-in\?/)
    // A copy of the cookie is worth nothing.
    await page.context().addCookies(cookies)
    await page.goto(`${base}/runs`)
    await page.getByRole('heading', { name: 'Sign in to Rigel' }).waitFor()
    const [cookie] = cookies.filter(({ name }) => name.endsWith('session-token'))
    const answer = await fetch(`${world.url}/api/me/`, {
      headers: { cookie: `${cookie?.name}=${cookie?.value}` },
    })
    expect(answer.status).toBe(401)
    expectNoComplaints(visitor)
  })

  test('after signing in one is where one wanted to go', async () => {
    const visitor = await browser.visitor(world.origins)
    const { page } = visitor
    const base = await signUp(world, page)
    await page.context().clearCookies()
    await page.goto(`${base}/settings/api-keys`)
    await page.waitForURL(/\/sign-in\?/)
    await page.getByRole('button', { name: /^Continue with/ }).click()
    await page.waitForURL(`${base}/settings/api-keys`)
    await page.getByRole('heading', { name: 'API keys', exact: true }).waitFor()
    // Nowhere else: a link from a mail must not lead through us to another site.
    await page.context().clearCookies()
    await page.goto(`${world.url}/sign-in?callbackUrl=${encodeURIComponent('https://elsewhere.example/x')}`)
    await page.getByRole('button', { name: /^Continue with/ }).click()
    await page.waitForURL(/\/account\//)
    expectNoComplaints(visitor)
  })

  test('a signed-out browser is sent to sign in from every page', async () => {
    const { page } = await browser.visitor(world.origins)
    const base = `${world.url}/account/${nobody}/workspace/${nobody}`
    for (const path of workspacePages) {
      await page.goto(base + path)
      const { pathname, searchParams } = new URL(page.url())
      expect(pathname, path).toBe('/sign-in')
      expect(searchParams.get('callbackUrl')).toBe(new URL(base + path).pathname)
    }
    for (const path of ['/', `/account/${nobody}`, '/auth/client?callback=http://localhost:1', '/nowhere']) {
      await page.goto(world.url + path)
      expect(new URL(page.url()).pathname, path).toBe('/sign-in')
    }
  })

  test('another tenant’s pages are not found, and neither are pages that do not exist', async () => {
    const ada = await browser.visitor(world.origins)
    const eve = await browser.visitor(world.origins)
    const adasBase = await signUp(world, ada.page)
    const evesBase = await signUp(world, eve.page)
    const missing = [
      ...workspacePages.map((path) => adasBase + path),
      `${evesBase}/runs/flow-run/${nobody}`,
      `${evesBase}/runs/flow-run/nonsense`,
      `${evesBase}/deployments/deployment/${nobody}`,
      `${evesBase}/work-pools/work-pool/nobody`,
      `${evesBase}/work-queues/work-queue/${nobody}`,
      `${evesBase}/concurrency-limits/concurrency-limit/${nobody}`,
      `${evesBase}/artifacts/key/nobody`,
      `${evesBase}/blocks/block/${nobody}`,
      `${evesBase}/nowhere`,
      `${world.url}/account/nonsense/workspace/nonsense/runs`,
      `${world.url}/nowhere`,
    ]
    for (const url of missing) {
      const answer = await eve.page.goto(url)
      expect(answer?.status(), url).toBe(404)
      await eve.page
        .getByRole('heading', {
          name: /^No .* with this (?:ID|name)|^No page at this|^Nothing at this address/,
        })
        .waitFor()
      // The name of the other's account is nobody's business.
      const text = await eve.page.getByRole('main').textContent()
      expect(text, url).not.toContain('ada-')
    }
  })
})

describeInBrowser('the one-time link of a server without GitHub', () => {
  const browser = testBrowser()

  test('signs in once, on this machine alone', async () => {
    const server = await startProcess(temporaryFolder('journey'), { flags: [] })
    try {
      const visitor = await browser.visitor([server.url])
      const { page } = visitor
      await page.goto(server.url)
      await page.getByText('Open the sign-in link that Rigel printed').waitFor()
      const link = /Sign in +(http\S+)/.exec(server.output())?.[1] ?? ''
      await page.goto(link)
      await page.getByRole('heading', { name: 'Run your first flow' }).waitFor()

      const late = await browser.visitor([server.url])
      await late.page.goto(link)
      await late.page.getByRole('alert').filter({ hasText: 'This sign-in link was used already' }).waitFor()
      await late.page.goto(baseOf(page))
      await late.page.getByRole('heading', { name: 'Sign in to Rigel' }).waitFor()
      expectNoComplaints(visitor, late)
    } finally {
      await server.stop()
    }
  })
})
