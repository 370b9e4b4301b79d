import { join } from 'node:path'
import type { Page } from 'playwright-core'
import postgres from 'postgres'
import { beforeAll, expect, test } from 'vitest'
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
import { keyOf } from './populate.ts'
import { signUp, startWorld, type Tenant, type World } from './world.ts'

/** Give a folder to keep pictures of what is seen only on the way. */
const { RIGEL_SCREENSHOTS: pictures } = process.env

/** What an operator does in a browser, each with what the API says of it afterwards. */
describeInBrowser('operating a workspace', () => {
  const browser = testBrowser()
  let sql: postgres.Sql
  let world: World
  let visitor: Visitor
  let page: Page
  let tenant: Tenant
  beforeAll(async () => {
    const { url, drop } = await createDatabase()
    sql = postgres(url, { max: 1, onnotice: () => {} })
    afterFile(async () => {
      await sql.end({ timeout: 5 })
      await drop()
    })
    world = await startWorld({ DATABASE_URL: url })
    visitor = await browser.visitor(world.origins)
    page = visitor.page
    await signUp(world, page, 'ada')
    tenant = await keyOf(world, page)
  })

  const picture = async (name: string, of = page) => {
    if (pictures) await of.screenshot({ path: join(pictures, `${name}.png`) })
  }
  const toast = (words: string | RegExp) => page.getByText(words).filter({ visible: true }).first().waitFor()
  const press = (name: string | RegExp) => page.getByRole('button', { name }).first().click()
  const choose = async (of: string, item: string) => {
    await page.getByRole('button', { name: of, exact: true }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  const open = async (path: string, heading: string | RegExp) => {
    await page.goto(tenant.base + path)
    await page.getByRole('heading', { name: heading }).first().waitFor()
    await page.getByText('Live', { exact: true }).filter({ visible: true }).first().waitFor()
  }
  const deploy = async (name: string, more: object = {}) => {
    const flow = await tenant.call('POST', '/flows/', { name: `flow-of-${name}` })
    return tenant.call('POST', '/deployments/', { name, flow_id: flow.id, ...more })
  }

  test('a variable is made, changed and deleted, and a change from elsewhere shows by itself', async () => {
    await open('/variables', 'No variables yet')
    await press('New variable')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Make variable' }).click()
    await dialog.getByText('A variable needs a name.').waitFor()
    await dialog.getByLabel('Name').fill('batch_size')
    await dialog.getByText('JSON', { exact: true }).click()
    await dialog.getByLabel('Value').fill('12345678901234567890.10')
    await dialog.getByRole('button', { name: 'Make variable' }).click()
    await toast('Made batch_size.')
    await page.getByRole('cell', { name: '12345678901234567890.10' }).waitFor()

    await tenant.call('POST', '/variables/', { name: 'from_elsewhere', value: 1 })
    await page.getByRole('button', { name: 'from_elsewhere', exact: true }).waitFor()

    await choose('Actions for batch_size', 'Delete variable')
    const ask = page.getByRole('dialog', { name: 'Delete batch_size?' })
    expect(await ask.getByRole('button', { name: 'Delete variable' }).isDisabled()).toBe(true)
    await ask.getByLabel(/^Type/).fill('batch_size')
    await ask.getByRole('button', { name: 'Delete variable' }).click()
    await toast('Deleted batch_size.')
    await page.getByRole('button', { name: 'batch_size', exact: true }).waitFor({ state: 'detached' })
    // The focus goes on to the row in its place.
    await page.waitForFunction(() => document.activeElement?.closest('tbody tr') !== null)
    expect(await tenant.call('POST', '/variables/count', {})).toBe(1)
    expectNoComplaints(visitor)
  })

  test('a menu and the dialog that it opens give the focus back, and the page stays in sight behind them', async () => {
    await deploy('kept')
    // Its code is fetched when it is first opened; until it is there, the list must not give way to a skeleton.
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await open('/deployments', 'Deployments')
    const dots = page.getByRole('button', { name: 'Actions for kept' })
    const hasFocus = () =>
      page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Actions for kept')
    const leaves = page.evaluate(
      () =>
        new Promise<boolean>((resolve) => {
          const table = document.querySelector('main table')
          const look = () => {
            if (!table?.checkVisibility()) resolve(true)
            else if (document.querySelector('[role=dialog]')) resolve(false)
            else requestAnimationFrame(look)
          }
          look()
        }),
    )
    await dots.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Delete deployment' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('menu').waitFor({ state: 'detached' })
    await hasFocus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Delete deployment' }).press('Enter')
    await page.getByRole('dialog', { name: 'Delete deployment kept?' }).waitFor()
    expect(await leaves).toBe(false)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await hasFocus()
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expectNoComplaints(visitor)
  })

  test('a deployment runs with parameters that fit its schema, and with no others', async () => {
    const deployment = await deploy('parametrised', {
      parameter_openapi_schema: {
        type: 'object',
        properties: {
          n: { type: 'integer', title: 'Number', minimum: 1 },
          note: { type: 'string', title: 'Note' },
          tables: {
            type: 'array',
            items: { type: 'string' },
            title: 'Tables',
            default: ['orders', 'refunds'],
          },
        },
        required: ['n'],
      },
    })
    await open(`/deployments/deployment/${deployment.id}/run`, /parametrised$/)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('Needs a value.').waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true')
    await page.getByLabel('Number').fill('0')
    await page.getByText('Must be at least 1, got 0.').waitFor()
    await page.getByLabel('Number').fill('7')
    // What is added to a list is added to its default.
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    expect(await page.getByRole('textbox', { name: 'Tables 2' }).inputValue()).toBe('refunds')
    await page.getByRole('textbox', { name: 'Tables 3' }).fill('returns')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.waitForURL(/\/runs\/flow-run\//)
    const runId = page.url().split('/').at(-1)
    const run = await tenant.call('GET', `/flow_runs/${runId}`)
    expect(run.parameters).toEqual({ n: 7, tables: ['orders', 'refunds', 'returns'] })
    expect(run.deployment_id).toBe(deployment.id)

    // A copy begins with the same values.
    await page.getByText('Live', { exact: true }).filter({ visible: true }).first().waitFor()
    await choose('More actions', 'Copy to a new run')
    await page.getByRole('heading', { name: /parametrised$/ }).waitFor()
    expect(await page.getByLabel('Number').inputValue()).toBe('7')
    expectNoComplaints(visitor)
  })

  test('lists are filtered by the tags that there are, by keyboard alone', async () => {
    const tagged = await deploy('tagged', { tags: ['eu, us', 'nightly'] })
    await deploy('other', { tags: ['nightly'] })
    await tenant.call('POST', `/deployments/${tagged.id}/create_flow_run`, { tags: ['by-hand'] })
    await open('/deployments', 'Deployments')
    await page.getByRole('button', { name: 'Tag', exact: true }).focus()
    await page.keyboard.press('Enter')
    const choices = page.getByRole('dialog', { name: 'Filter by tag' })
    await choices.getByRole('checkbox', { name: 'eu, us' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    await page.waitForURL(/tag=eu/)
    // It stays open for the next one.
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    await page.waitForURL(/tag=nightly/)
    await picture('tags-of-deployments')
    await page.keyboard.press('Escape')
    await choices.waitFor({ state: 'detached' })
    await page.getByRole('row', { name: /tagged/ }).waitFor()
    await page.getByRole('row', { name: /flow-of-other/ }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Clear tags filter' }).click()
    await page.getByRole('row', { name: /flow-of-other/ }).waitFor()

    await open('/runs?range=all', 'Runs')
    await page.getByRole('button', { name: 'Tag', exact: true }).click()
    await choices.getByLabel('Filter tags').fill('by-')
    await page.keyboard.press('Enter')
    await page.waitForURL(/tag=by-hand/)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Clear tag filter' }).waitFor()

    // One that is in the address says so, and whose it is.
    await open(`/runs?range=all&deployment=${tagged.id}`, 'Runs')
    await page.getByRole('button', { name: 'Deployment flow-of-tagged / tagged' }).waitFor()
    await page.getByRole('button', { name: 'Clear deployment filter' }).click()
    await page.waitForURL((url) => !url.searchParams.has('deployment'))
    expectNoComplaints(visitor)
  })

  test('a schedule says what it does before it is saved, and is switched off and on', async () => {
    const deployment = await deploy('scheduled', {
      parameters: { region: 'eu' },
      parameter_openapi_schema: {
        type: 'object',
        properties: {
          region: { type: 'string', title: 'Region' },
          limit: { type: 'integer', title: 'Row limit', minimum: 1 },
        },
        required: ['region', 'limit'],
      },
    })
    await open(`/deployments/deployment/${deployment.id}?tab=schedules`, 'No schedules')
    await press('Add schedule')
    const dialog = page.getByRole('dialog', { name: 'Add a schedule' })
    const preview = dialog.getByRole('region', { name: 'What it does' })
    await preview.getByText(/every day at 06:00/i).waitFor()
    await dialog.getByLabel('Cron', { exact: true }).nth(1).fill('61 * * * *')
    await dialog.getByRole('alert').waitFor()
    expect(await dialog.getByRole('button', { name: 'Add schedule' }).isDisabled()).toBe(true)
    await dialog.getByLabel('Cron', { exact: true }).nth(1).fill('0 9 * * 1-5')
    await dialog.getByLabel('Time zone').fill('Mars/Olympus')
    await page.locator('[aria-invalid=true]').and(dialog.getByLabel('Time zone')).waitFor()
    await dialog.getByLabel('Time zone').fill('Asia/Tokyo')
    await preview.getByText(/^Times in .+, where you are\.$/).waitFor()
    await dialog.getByLabel('Time zone').fill('UTC')
    await preview.getByText(/every weekday at 09:00/i).waitFor()
    expect(await preview.getByRole('listitem').count()).toBe(5)
    await dialog.getByLabel('If runs were missed').selectOption('latest')
    await dialog.getByLabel('Name').fill('office-hours')
    // The same form as a run has, over the deployment's values; as JSON, what is wrong is named.
    await dialog.getByText('Text, default eu').waitFor()
    await dialog.getByRole('button', { name: 'Add schedule' }).click()
    await dialog.getByText('Needs a value.').waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true')
    await dialog.getByText('JSON', { exact: true }).click()
    await dialog.getByText('limit: Needs a value.').waitFor()
    await dialog.getByText('Form', { exact: true }).click()
    await dialog.getByLabel('Row limit').fill('500')
    await picture('schedule-dialog')
    await dialog.getByRole('button', { name: 'Add schedule' }).click()
    await toast('Added the schedule.')
    const active = page.getByRole('switch', { name: 'office-hours is active' })
    await active.waitFor()
    const [schedule] = await tenant.call('GET', `/deployments/${deployment.id}/schedules`)
    expect(schedule).toMatchObject({
      slug: 'office-hours',
      active: true,
      catch_up: { kind: 'latest' },
      parameters: { limit: 500 },
    })
    await active.click()
    await toast('Paused office-hours.')
    const [paused] = await tenant.call('GET', `/deployments/${deployment.id}/schedules`)
    expect(paused.active).toBe(false)
    expectNoComplaints(visitor)
  })

  test('a deployment is rolled back to what it was', async () => {
    const deployment = await deploy('versioned', { version: 'one', parameters: { a: 1 } })
    await tenant.call('PATCH', `/deployments/${deployment.id}`, { version: 'two', parameters: { a: 2 } })
    await open(`/deployments/deployment/${deployment.id}?tab=versions`, /versioned$/)
    await page.getByText('parameters.a').waitFor()
    await press('Roll back')
    const ask = page.getByRole('dialog', { name: 'Roll back to version 1?' })
    await ask.getByRole('button', { name: 'Roll back' }).click()
    await toast('It is version 1 again.')
    expect((await tenant.call('GET', `/deployments/${deployment.id}`)).parameters).toEqual({ a: 1 })
    // It is rolled back from, and no longer to: what stands beside takes the focus.
    await page.waitForFunction(
      () => document.activeElement?.getAttribute('aria-label') === 'Actions for version 1',
    )
    expectNoComplaints(visitor)
  })

  test('a version is promoted to another deployment of the flow, which keeps what is its own', async () => {
    const staging = await deploy('staging', { version: 'one', parameters: { a: 1 }, tags: ['new'] })
    const production = await tenant.call('POST', '/deployments/', {
      ...{
        name: 'production',
        flow_id: staging.flow_id,
        version: 'zero',
        parameters: { a: 9 },
        tags: ['old'],
      },
    })
    await open(`/deployments/deployment/${staging.id}?tab=versions`, /staging$/)
    await choose('Actions for version 1', 'Promote version')
    const ask = page.getByRole('dialog', { name: 'Promote version 1 of staging?' })
    await ask.getByLabel('To', { exact: true }).selectOption({ label: 'production' })
    expect(await ask.getByRole('checkbox', { name: 'Parameters' }).isChecked()).toBe(true)
    await picture('promote')
    await ask.getByRole('button', { name: 'Promote version' }).click()
    await toast('production runs version 1 of staging now.')
    await page.getByRole('heading', { name: /production$/ }).waitFor()
    expect(await tenant.call('GET', `/deployments/${production.id}`)).toMatchObject({
      ...{ version: 'one', tags: ['new'], parameters: { a: 9 } },
    })

    // The way back is the same as after a deployment.
    await press('Roll back')
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click()
    await toast('It is version 1 again.')
    expect((await tenant.call('GET', `/deployments/${production.id}`)).version).toBe('zero')
    expectNoComplaints(visitor)
  })

  test('a run that waits says why, and goes on saying it as things change', async () => {
    await tenant.call('POST', '/work_pools/', { name: 'far-away', type: 'process' })
    const deployment = await deploy('waiting', { work_pool_name: 'far-away' })
    const run = await tenant.call('POST', `/deployments/${deployment.id}/create_flow_run`, {})
    await open(`/runs/flow-run/${run.id}`, 'Why is this run not running?')
    await page.getByRole('heading', { name: /No worker is online/ }).waitFor()
    await page.getByText('prefect worker start --pool far-away').first().waitFor()
    // Somebody pauses the pool: a second reason comes by itself.
    await tenant.call('PATCH', '/work_pools/far-away', { is_paused: true })
    await page.getByRole('heading', { name: /far-away.* is paused/ }).waitFor()
    // Cancelled, it no longer waits.
    await press('Cancel run')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel run' }).click()
    await page.getByText('Cancelled', { exact: true }).first().waitFor()
    await page.getByRole('heading', { name: 'Why is this run not running?' }).waitFor({ state: 'detached' })
    expect((await tenant.call('GET', `/flow_runs/${run.id}`)).state_type).toBe('CANCELLED')
    // The verb went with the state; the focus is on what stands beside it.
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'More actions')
    expectNoComplaints(visitor)
  })

  test('many runs are cancelled at once: whom it would touch is counted first, and what it did is said', async () => {
    const flow = await tenant.call('POST', '/flows/', { name: 'many' })
    const make = (state: object) => tenant.call('POST', '/flow_runs/', { flow_id: flow.id, state })
    const later = { scheduled_time: new Date(Date.now() + 3_600_000).toISOString() }
    for (let n = 0; n < 3; n++) await make({ type: 'SCHEDULED', name: 'Scheduled', state_details: later })
    const ended = await make({ type: 'RUNNING', name: 'Running' })
    await tenant.call('POST', `/flow_runs/${ended.id}/set_state`, {
      state: { type: 'COMPLETED' },
      force: true,
    })
    await open(`/runs?flow=${flow.id}&range=all`, 'Runs')
    await page.getByRole('checkbox', { name: 'Select all runs on this page' }).check()
    await page.getByRole('region', { name: 'Selected runs' }).getByText('4 selected').waitFor()
    await press('Cancel runs')
    const ask = page.getByRole('dialog', { name: 'Cancel 3 runs?' })
    await ask.getByText('1 run has ended already').waitFor()
    await ask.getByRole('button', { name: 'Cancel 3 runs' }).click()
    await toast('Cancelled 3 runs.')
    // The bar that it was asked in is gone: the list begins anew.
    const all = page.getByRole('checkbox', { name: 'Select all runs on this page' })
    await page.waitForFunction((box) => document.activeElement === box, await all.elementHandle())
    const states = await tenant.call('POST', '/flow_runs/filter', { flows: { id: { any_: [flow.id] } } })
    expect(states.map((run: { state_type: string }) => run.state_type).sort()).toEqual([
      'CANCELLED',
      'CANCELLED',
      'CANCELLED',
      'COMPLETED',
    ])
    expectNoComplaints(visitor)
  })

  test('more runs than a page holds are given a state and deleted by the filter, each after they were counted', async () => {
    const flow = await tenant.call('POST', '/flows/', { name: 'crowd' })
    const ours = { flows: { id: { any_: [flow.id] } } }
    await Promise.all(
      Array.from({ length: 55 }, () =>
        tenant.call('POST', '/flow_runs/', { flow_id: flow.id, state: { type: 'RUNNING' } }),
      ),
    )
    const takeAll = async () => {
      await page.getByRole('checkbox', { name: 'Select all runs on this page' }).check()
      const bar = page.getByRole('region', { name: 'Selected runs' })
      await bar.getByText('50 selected').waitFor()
      await bar.getByRole('button', { name: 'Select all 55 that match' }).click()
      await bar.getByText('55 selected').waitFor()
    }
    await open(`/runs?flow=${flow.id}&range=all`, 'Runs')
    await takeAll()
    await press('Change state')
    const change = page.getByRole('dialog', { name: 'Change the state of 55 runs?' })
    await change.getByLabel('State').selectOption('FAILED')
    await change.getByLabel('Message').fill('The source was wrong.')
    await change.getByRole('button', { name: 'Change 55 runs' }).click()
    await toast('Changed the state of 55 runs.')
    const failed = { ...ours, flow_runs: { state: { type: { any_: ['FAILED'] } } } }
    expect(await tenant.call('POST', '/flow_runs/count', failed)).toBe(55)
    const [one] = await tenant.call('POST', '/flow_runs/filter', { ...failed, limit: 1 })
    expect(one.state.message).toBe('The source was wrong.')

    await takeAll()
    await press('Delete runs')
    const ask = page.getByRole('dialog', { name: 'Delete 55 runs?' })
    expect(await ask.getByRole('button', { name: 'Delete 55 runs' }).isDisabled()).toBe(true)
    await ask.getByLabel(/^Type/).fill('55')
    await ask.getByRole('button', { name: 'Delete 55 runs' }).click()
    await toast('Deleted 55 runs.')
    await page.getByRole('heading', { name: /^No runs/ }).waitFor()
    expect(await tenant.call('POST', '/flow_runs/count', ours)).toBe(0)
    expectNoComplaints(visitor)
  })

  test('of some runs those that have ended are retried, and the others are counted as left alone', async () => {
    const deployment = await deploy('again')
    const make = async (type: string) => {
      const run = await tenant.call('POST', `/deployments/${deployment.id}/create_flow_run`, {})
      await tenant.call('POST', `/flow_runs/${run.id}/set_state`, { state: { type }, force: true })
      return run
    }
    const failed = await make('FAILED')
    const crashed = await make('CRASHED')
    const running = await make('RUNNING')
    await open(`/runs?flow=${deployment.flow_id}&range=all`, 'Runs')
    for (const run of [failed, running, crashed])
      await page.getByRole('checkbox', { name: `Select ${run.name}` }).check()
    await press('Retry runs')
    const ask = page.getByRole('dialog', { name: 'Retry 2 runs?' })
    // What closes the dialog leaves the rows ticked.
    await ask.waitFor()
    await page.keyboard.press('Escape')
    await ask.waitFor({ state: 'detached' })
    await page.getByText('3 selected').waitFor()
    await press('Retry runs')
    await ask.getByText('1 run has not ended and stays as it is').waitFor()
    await ask.getByRole('button', { name: 'Retry 2 runs' }).click()
    await toast('Retried 2 runs.')
    const nameOf = async (run: { id: string }) =>
      (await tenant.call('GET', `/flow_runs/${run.id}`)).state.name
    expect(await Promise.all([failed, crashed, running].map(nameOf))).toEqual([
      'AwaitingRetry',
      'AwaitingRetry',
      'Running',
    ])
    expectNoComplaints(visitor)
  })

  test('of some runs those that execute are paused, and resumed but for the one that asks something', async () => {
    const flow = await tenant.call('POST', '/flows/', { name: 'breathers' })
    const make = (state: object) => tenant.call('POST', '/flow_runs/', { flow_id: flow.id, state })
    const runs = [await make({ type: 'RUNNING' }), await make({ type: 'RUNNING' })]
    const asking = await make({
      type: 'PAUSED',
      state_details: {
        pause_timeout: new Date(Date.now() + 3_600_000).toISOString(),
        run_input_keyset: { base: 'a', schema: 'a-schema', response: 'a-response' },
      },
    })
    const stateOf = async ({ id }: { id: string }) =>
      (await tenant.call('GET', `/flow_runs/${id}`)).state_type
    await open(`/runs?flow=${flow.id}&range=all`, 'Runs')
    await page.getByRole('checkbox', { name: 'Select all runs on this page' }).check()
    await press('Pause runs')
    const pause = page.getByRole('dialog', { name: 'Pause 2 runs?' })
    await pause.getByText('1 run does not execute and stays as it is').waitFor()
    await pause.getByLabel('Waits at most').selectOption({ label: '5 minutes' })
    await pause.getByRole('button', { name: 'Pause 2 runs' }).click()
    await toast('Paused 2 runs.')
    expect(await Promise.all(runs.map(stateOf))).toEqual(['PAUSED', 'PAUSED'])

    await page.getByRole('checkbox', { name: 'Select all runs on this page' }).check()
    await press('Resume runs')
    const resume = page.getByRole('dialog', { name: 'Resume 3 runs?' })
    await resume.getByRole('button', { name: 'Resume 3 runs' }).click()
    await toast('Resumed 2 of 3 runs. 1: It waits for an input: resume it by itself.')
    expect(await Promise.all([...runs, asking].map(stateOf))).toEqual(['RUNNING', 'RUNNING', 'PAUSED'])
    expectNoComplaints(visitor)
  })

  test('one run is paused, resumed, given another state, retried, copied and deleted', async () => {
    const deployment = await deploy('acted-on')
    const run = await tenant.call('POST', `/deployments/${deployment.id}/create_flow_run`, {})
    const stateOf = async () => (await tenant.call('GET', `/flow_runs/${run.id}`)).state
    await tenant.call('POST', `/flow_runs/${run.id}/set_state`, { state: { type: 'RUNNING' }, force: true })
    await open(`/runs/flow-run/${run.id}`, run.name)
    const inDialog = async (title: string, verb: string) => {
      const dialog = page.getByRole('dialog', { name: title })
      await dialog.getByRole('button', { name: verb }).click()
      // It closes when it is done.
      await dialog.waitFor({ state: 'detached' })
    }
    const badge = (word: string) => page.getByText(word, { exact: true }).first().waitFor()

    await choose('More actions', 'Pause run')
    const pause = page.getByRole('dialog', { name: `Pause ${run.name}?` })
    await pause.getByLabel('Waits at most').selectOption({ label: '5 minutes' })
    await pause.getByText(/within 5 minutes, it fails/).waitFor()
    await inDialog(`Pause ${run.name}?`, 'Pause run')
    await badge('Paused')
    const paused = await stateOf()
    expect(paused.type).toBe('PAUSED')
    expect(Date.parse(paused.state_details.pause_timeout) - Date.parse(paused.timestamp)).toBeLessThan(
      400_000,
    )

    // Until when, as pages tell times and not as the API does.
    const until = page.getByText(/Unless it is resumed by/)
    expect(await until.locator('time').getAttribute('datetime')).toBe(
      new Date(paused.state_details.pause_timeout).toISOString().replace(/\.\d+Z$/, '.000Z'),
    )
    expect(await until.textContent()).not.toContain('UTC')

    await press('Resume run')
    await page.getByRole('dialog').getByText('It goes on where it was paused.').waitFor()
    await inDialog(`Resume ${run.name}?`, 'Resume run')
    await badge('Running')
    expect((await stateOf()).type).toBe('RUNNING')

    await choose('More actions', 'Change state')
    const change = page.getByRole('dialog', { name: `Change the state of ${run.name}?` })
    await change.getByLabel('State').selectOption('FAILED')
    await change.getByLabel('Message').fill('It hung.')
    await inDialog(`Change the state of ${run.name}?`, 'Change state')
    await badge('Failed')
    await page.getByText('It hung.').first().waitFor()

    await press('Retry run')
    await inDialog(`Retry ${run.name}?`, 'Retry run')
    await badge('Awaiting retry')
    expect((await stateOf()).name).toBe('AwaitingRetry')

    await choose('More actions', 'Copy to a new run')
    await page.waitForURL(/\/run\?from=/)
    await page.getByRole('heading', { name: /acted-on$/ }).waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.waitForURL(/\/runs\/flow-run\//)
    expect(page.url()).not.toContain(run.id)

    await open(`/runs/flow-run/${run.id}`, run.name)
    await choose('More actions', 'Delete run')
    const ask = page.getByRole('dialog', { name: `Delete ${run.name}?` })
    expect(await ask.getByRole('button', { name: 'Delete run' }).isDisabled()).toBe(true)
    await ask.getByLabel(/^Type/).fill(run.name)
    await inDialog(`Delete ${run.name}?`, 'Delete run')
    await toast(`Deleted ${run.name}.`)
    await page.waitForURL(/\/runs$/)
    await expect(stateOf()).rejects.toThrow('404')
    expectNoComplaints(visitor)
  })

  test('a paused run is resumed with the input that it waits for', async () => {
    const flow = await tenant.call('POST', '/flows/', { name: 'asks' })
    const run = await tenant.call('POST', '/flow_runs/', {
      flow_id: flow.id,
      state: { type: 'RUNNING', name: 'Running' },
    })
    const schema = {
      type: 'object',
      properties: { approved: { type: 'boolean', title: 'Approved' }, by: { type: 'string', title: 'By' } },
      required: ['by'],
    }
    await tenant.call('POST', `/flow_runs/${run.id}/input`, {
      key: 'paused-1-schema',
      value: JSON.stringify(schema),
    })
    await tenant.call('POST', `/flow_runs/${run.id}/input`, {
      key: 'paused-1-description',
      value: JSON.stringify('# Look at the figures\n\nIs **this** right?'),
    })
    await tenant.call('POST', `/flow_runs/${run.id}/set_state`, {
      state: {
        type: 'PAUSED',
        name: 'Paused',
        state_details: {
          pause_timeout: new Date(Date.now() + 3_600_000).toISOString(),
          pause_key: '1',
          run_input_keyset: {
            base: 'paused-1',
            schema: 'paused-1-schema',
            response: 'paused-1-response',
            description: 'paused-1-description',
          },
        },
      },
    })
    await open(`/runs/flow-run/${run.id}`, run.name)
    await page.getByText(/^It goes on when somebody resumes it/).waitFor()
    await press('Resume run')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('By').waitFor()
    await dialog.getByRole('heading', { name: 'Look at the figures' }).waitFor()
    await dialog.getByRole('button', { name: 'Resume run' }).click()
    await dialog.getByText('Needs a value.').waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true')
    await dialog.getByLabel('By').fill('Ada')
    await dialog.getByRole('button', { name: 'Resume run' }).click()
    await toast(/^Resumed/)
    const answer = await tenant.call('GET', `/flow_runs/${run.id}/input/paused-1-response`)
    const given = typeof answer === 'string' ? JSON.parse(answer) : answer
    expect(given).toMatchObject({ by: 'Ada' })
    expect((await tenant.call('GET', `/flow_runs/${run.id}`)).state_type).toBe('RUNNING')
    expectNoComplaints(visitor)
  })

  test('a work pool is made from the catalogue, paused, and given a queue', async () => {
    await open('/work-pools/create', 'New work pool')
    await page.getByRole('radio', { name: /^Docker/ }).check()
    await page.getByLabel('Name', { exact: true }).first().fill('containers')
    await press('Make work pool')
    await page.getByRole('heading', { name: 'containers', exact: true }).waitFor()
    await press('Pause pool')
    await toast(/^Paused containers/)
    await page.getByRole('button', { name: 'Resume pool' }).waitFor()
    await press('Add queue')
    const dialog = page.getByRole('dialog', { name: 'New queue in containers' })
    await dialog.getByLabel('Name').fill('urgent')
    await dialog.getByLabel('Priority').fill('1')
    await dialog.getByRole('button', { name: 'Make queue' }).click()
    await page.getByRole('link', { name: 'urgent' }).waitFor()
    const pool = await tenant.call('GET', '/work_pools/containers')
    expect(pool).toMatchObject({ type: 'docker', is_paused: true })
    expect((await tenant.call('GET', '/work_pools/containers/queues/urgent')).priority).toBe(1)
    expectNoComplaints(visitor)
  })

  test('slots are taken from their holder, and whoever waits for them is shown', async () => {
    const limit = await tenant.call('POST', '/v2/concurrency_limits/', { name: 'lock', limit: 1 })
    const take = (more: object = {}) =>
      tenant.call('POST', '/v2/concurrency_limits/increment-with-lease', {
        ...{ names: ['lock'], slots: 1, mode: 'concurrency', lease_duration: 600, ...more },
      })
    await take()
    const line = () => tenant.call('GET', `/v2/concurrency_limits/${limit.id}/waiters`)
    const wait = () => take({ wait_seconds: 30 })
    // Pages may take longer than one request can wait.
    const waiting = wait().catch(wait)
    await expect.poll(line).toHaveLength(1)
    await open(`/concurrency-limits/concurrency-limit/${limit.id}`, 'lock')
    await page.getByText('Full', { exact: true }).waitFor()
    await page
      .getByRole('table', { name: 'Who waits for slots' })
      .getByRole('row', { name: /A client that gave no name.*When one is free/ })
      .waitFor()
    const release = async () => {
      await press('Release')
      await page.getByRole('dialog').getByRole('button', { name: 'Release slots' }).click()
      await toast(/^Released 1 slot/)
    }
    await release()
    // Whoever waited has it at once, and the page says so by itself.
    await waiting
    await page.getByText('Nobody waits for a slot.').waitFor()
    await release()
    await page.getByText('Nobody holds a slot.').waitFor()
    expect((await tenant.call('GET', `/v2/concurrency_limits/${limit.id}`)).active_slots).toBe(0)

    await take()
    await page.getByText('Full', { exact: true }).waitFor()

    // What nobody gives back is free when its lease ends.
    await sql`update slot_leases set expires_at = now() + interval '3 seconds' where workspace_id = ${tenant.workspaceId}`
    await page.reload()
    await page.getByText('Full', { exact: true }).waitFor()
    await page.getByText('Nobody holds a slot.').waitFor()
    expectNoComplaints(visitor)
  })

  test('a secret goes into a block and never comes back to a page', async () => {
    await open('/blocks/catalog/secret', 'New Secret')
    await page.getByLabel('Name').fill('password')
    await page.getByLabel('Value').fill('hunter2-in-the-journey')
    await press('Make block')
    await page.getByRole('heading', { name: 'password', exact: true }).waitFor()
    await page.getByText('Secret, sealed').waitFor()
    const shown = await page.reload()
    expect(await shown?.text()).not.toContain('hunter2-in-the-journey')
    await page.getByRole('link', { name: 'Edit block' }).click()
    await page.getByRole('heading', { name: 'Edit password' }).waitFor()
    expect(await page.content()).not.toContain('hunter2-in-the-journey')
    // Left as it is, it stays.
    await press('Save block')
    await toast('Saved password.')
    expectNoComplaints(visitor)
  })

  test('what is deleted while it is open says so, and by whom, and leads back', async () => {
    const deployment = await deploy('short-lived')
    await open(`/deployments/deployment/${deployment.id}`, /short-lived$/)
    await tenant.call('DELETE', `/deployments/${deployment.id}`)
    const gone = page.getByRole('status').filter({ hasText: 'This deployment was deleted by' })
    await gone.waitFor()
    await picture('gone')
    expect(await page.getByRole('heading', { name: /short-lived$/ }).count()).toBe(1)
    // What was known of it can be read, and nothing of it takes the keyboard.
    expect(await page.getByRole('main').locator('a, button, input, select').count()).toBeGreaterThan(5)
    const taken = page.getByRole('main').locator(':is(a, button, input, select):not([inert])')
    expect(await taken.count()).toBe(0)
    await gone.getByRole('link', { name: 'Open deployments' }).click()
    await page.waitForURL(/\/deployments$/)

    await tenant.call('POST', '/work_pools/', { name: 'puddle', type: 'process' })
    await open('/work-pools/work-pool/puddle', 'puddle')
    await tenant.call('DELETE', '/work_pools/puddle')
    await page.getByRole('status').filter({ hasText: 'This work pool was deleted by' }).waitFor()
    // Visited anew, there is nothing.
    await page.reload()
    await page.getByRole('heading', { name: 'No work pool with this name in this workspace' }).waitFor()
    await page.getByText('The work pool puddle was deleted').waitFor()

    // So it is with what has an ID, and with what never was here.
    await page.goto(`${tenant.base}/deployments/deployment/${deployment.id}`)
    await page.getByText('The deployment short-lived was deleted').waitFor()
    await picture('deleted')
    await page.getByRole('link', { name: 'Open deployments' }).click()
    await page.waitForURL(/\/deployments$/)
    await page.goto(`${tenant.base}/deployments/deployment/00000000-0000-7000-8000-000000000000`)
    await page.getByText('This workspace has no record of it').waitFor()
    // No database could be asked for such a name.
    expect((await page.goto(`${tenant.base}/artifacts/key/a%00b`))?.status()).toBe(404)
    await page.getByRole('heading', { name: 'No artifact with this name in this workspace' }).waitFor()
    expectNoComplaints(visitor)
  })

  test('what a run makes to be read comes to its page by itself', async () => {
    const flow = await tenant.call('POST', '/flows/', { name: 'reports' })
    const run = await tenant.call('POST', '/flow_runs/', { flow_id: flow.id, state: { type: 'RUNNING' } })
    const make = (key: string) =>
      tenant.call('POST', '/artifacts/', { key, type: 'markdown', data: '# Hello', flow_run_id: run.id })
    await open(`/runs/flow-run/${run.id}`, run.name)
    const tab = page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: /^Artifacts/ })
    expect(await tab.count()).toBe(0)
    await make('first-report')
    await tab.click()
    await page.getByRole('link', { name: 'first-report' }).waitFor()
    const second = await make('second-report')
    await page.getByRole('link', { name: 'second-report' }).waitFor()
    await tenant.call('DELETE', `/artifacts/${second.id}`)
    await page.getByRole('link', { name: 'second-report' }).waitFor({ state: 'detached' })
    expectNoComplaints(visitor)
  })

  test('the newest line stays in sight while lines and tasks come, and a run that just began is drawn', async () => {
    const flow = await tenant.call('POST', '/flows/', { name: 'talkative' })
    await open('/flows', 'Flows')
    const run = await tenant.call('POST', '/flow_runs/', { flow_id: flow.id, state: { type: 'RUNNING' } })
    await page.getByRole('row', { name: /talkative.*Running/ }).waitFor()
    await open(`/runs/flow-run/${run.id}`, run.name)
    // Past 200 lines a log is drawn by other code, which comes then: what is read must not go away for it.
    const stays = page.evaluate(
      () =>
        new Promise<boolean>((resolve) => {
          const title = document.querySelector('h1')
          const look = () => {
            if (!title?.checkVisibility()) resolve(false)
            else if (document.querySelector('#L240')) resolve(true)
            else requestAnimationFrame(look)
          }
          look()
        }),
    )
    for (let n = 0; n < 4; n++)
      await tenant.call(
        'POST',
        '/logs/',
        Array.from({ length: 60 }, (_, i) => ({
          ...{ name: 'talk', level: 20, message: `said ${n * 60 + i + 1}`, flow_run_id: run.id },
          timestamp: new Date().toISOString(),
        })),
      )
    expect(await stays).toBe(true)
    for (let n = 0; n < 8; n++)
      await tenant.call('POST', '/task_runs/', {
        ...{ flow_run_id: run.id, task_key: `task-${n}`, dynamic_key: '0', name: `task-${n}` },
        state: { type: 'RUNNING' },
      })
    await page.getByText('task-7').first().waitFor()
    await page.waitForFunction(() => {
      const { bottom = Number.POSITIVE_INFINITY } =
        document.querySelector('#L240')?.getBoundingClientRect() ?? {}
      return bottom <= window.innerHeight
    })
    expectNoComplaints(visitor)
  })

  test('on a phone runs are picked and acted on too', async () => {
    const flow = await tenant.call('POST', '/flows/', { name: 'pocket' })
    for (let n = 0; n < 3; n++)
      await tenant.call('POST', '/flow_runs/', { flow_id: flow.id, state: { type: 'RUNNING' } })
    await page.setViewportSize(phone)
    try {
      await open(`/runs?flow=${flow.id}&range=all`, 'Runs')
      const boxes = page.getByRole('checkbox', { name: /^Select \w+-\w+/ })
      expect(await boxes.first().isVisible()).toBe(false)
      await press('Select runs')
      await boxes.first().check()
      const bar = page.getByRole('region', { name: 'Selected runs' })
      await bar.getByText('1 selected').waitFor()
      await picture('picking')
      await bar.getByRole('button', { name: 'Select all on this page' }).click()
      await bar.getByText('3 selected').waitFor()
      await bar.getByRole('button', { name: 'Cancel runs' }).click()
      const ask = page.getByRole('dialog', { name: 'Cancel 3 runs?' })
      await ask.getByRole('button', { name: 'Cancel 3 runs' }).click()
      await toast('Cancelled 3 runs.')
      await bar.waitFor({ state: 'detached' })
      const { scrollWidth } = await page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
      }))
      expect(scrollWidth).toBeLessThanOrEqual(phone.width)

      // A dialog that is taller than the phone begins at its beginning.
      const deployment = await deploy('pocketed', {
        parameter_openapi_schema: {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 12 }, (_, n) => [`p${n}`, { type: 'string', title: `Part ${n}` }]),
          ),
        },
      })
      await open(`/deployments/deployment/${deployment.id}?tab=schedules`, 'No schedules')
      await press('Add schedule')
      const dialog = page.getByRole('dialog', { name: 'Add a schedule' })
      const box = await dialog.boundingBox()
      expect(box?.height).toBeGreaterThan(phone.height)
      expect(box?.y).toBeGreaterThanOrEqual(0)
      await dialog.getByLabel('Part 11').fill('x')
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    } finally {
      await page.setViewportSize(desktop)
    }
    expectNoComplaints(visitor)
  })

  test('whose role does not allow a verb sees it, and is told by whom it can be given', async () => {
    const deployment = await deploy('looked-at')
    const flow = await tenant.call('POST', '/flows/', { name: 'looked-on' })
    const run = await tenant.call('POST', '/flow_runs/', { flow_id: flow.id, state: { type: 'RUNNING' } })
    const guest = await browser.visitor(world.origins)
    await signUp(world, guest.page, 'grace')
    await sql`insert into account_memberships (id, account_id, user_id, role)
      select gen_random_uuid(), ${tenant.accountId}, id, 'member' from users where handle = 'grace'`
    await sql`insert into workspace_memberships (workspace_id, user_id, role)
      select ${tenant.workspaceId}, id, 'viewer' from users where handle = 'grace'`
    const withheld = [
      { path: `/runs/flow-run/${run.id}`, verb: 'Cancel run', needs: 'developer' },
      { path: `/deployments/deployment/${deployment.id}`, verb: 'Run', needs: 'runner' },
      { path: '/variables', verb: 'New variable', needs: 'developer' },
      { path: '/work-pools', verb: 'New work pool', needs: 'developer' },
      { path: '/concurrency-limits', verb: 'New limit', needs: 'developer' },
    ]
    for (const { path, verb, needs } of withheld) {
      await guest.page.goto(tenant.base + path)
      const button = guest.page.getByRole('button', { name: verb, exact: true })
      await button.focus()
      const why = guest.page.getByRole('tooltip').filter({ hasText: `This needs ${needs}` })
      await why.waitFor()
      expect(await why.textContent()).toContain('Your role here is viewer')
      expect(await button.getAttribute('aria-disabled')).toBe('true')
      expect(await button.getAttribute('aria-describedby')).toBe(await why.getAttribute('id'))
      if (verb === 'Run') await picture('withheld', guest.page)
      await button.press('Escape')
      await why.waitFor({ state: 'hidden' })
    }
    await tenant.call('POST', '/variables/', { name: 'looked_at', value: 1 })
    await tenant.call('POST', '/work_pools/', { name: 'looked-into', type: 'process' })
    const menus = [
      { path: '/deployments', of: 'Actions for looked-at', verb: 'Delete deployment' },
      { path: '/variables', of: 'Actions for looked_at', verb: 'Change variable' },
      { path: '/work-pools/work-pool/looked-into', of: 'Actions for default', verb: 'Pause queue' },
      { path: `/runs/flow-run/${run.id}`, of: 'More actions', verb: 'Change state' },
    ]
    for (const { path, of, verb } of menus) {
      await guest.page.goto(tenant.base + path)
      await guest.page.getByRole('button', { name: of }).click()
      const item = guest.page.getByRole('menuitem', { name: verb })
      await item.hover()
      expect(await item.getAttribute('aria-disabled')).toBe('true')
      const words = guest.page.locator(`[id="${await item.getAttribute('aria-describedby')}"]`)
      await words.getByText(/^Your role here is viewer\. This needs developer/).waitFor()
      await picture(`locked-${verb.toLowerCase().replaceAll(' ', '-')}`, guest.page)
      // A press does nothing, and the reason stays to be read.
      await item.press('Enter')
      expect(await item.isVisible()).toBe(true)
      await guest.page.keyboard.press('Escape')
      await item.waitFor({ state: 'detached' })
    }
    expectNoComplaints(guest)
  })
})
