import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { rigelFor } from './rigel.ts'
import { startTestServer } from './server.ts'

const server = await startTestServer()

test('variables are made, read, changed and deleted from the command line', async () => {
  const rigel = rigelFor(await server.tenant())
  expect((await rigel.try('variable', 'ls')).stderr).toContain('rigel variable set NAME VALUE')
  await rigel.run('variable', 'set', 'city', 'Seattle', '--tag', 'weather')
  await rigel.run('variable', 'set', 'limits', '{"rows": 3}')
  expect(await rigel.run('variable', 'get', 'city')).toBe('Seattle\n')
  expect(await rigel.run('variable', 'get', 'limits')).toBe('{"rows":3}\n')
  const list = await rigel.run('variable', 'ls')
  expect(list).toMatch(/^NAME +VALUE +TAGS +UPDATED\ncity +Seattle +weather /)
  await rigel.run('variable', 'set', 'city', 'Berlin')
  expect(JSON.parse(await rigel.run('variable', 'get', 'city', '--json'))).toMatchObject({
    name: 'city',
    value: 'Berlin',
    tags: ['weather'],
  })
  expect(await rigel.try('variable', 'delete', 'city')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--yes'),
  })
  await rigel.run('variable', 'delete', 'city', '--yes')
  expect(await rigel.try('variable', 'get', 'city')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/no variable "city"[\s\S]*try: rigel variable ls/),
  })
})

test('work pools are made, shown, paused, resumed and deleted', async () => {
  const rigel = rigelFor(await server.tenant())
  expect((await rigel.try('work-pool', 'ls')).stderr).toContain('rigel work-pool create NAME')
  const id = (await rigel.run('work-pool', 'create', 'local', '--limit', '3')).trim()
  expect(await rigel.run('work-pool', 'ls')).toMatch(new RegExp(`local +process +NOT_READY +0 of 3 +${id}`))
  const shown = await rigel.try('work-pool', 'inspect', 'local')
  expect(shown.stdout).toMatch(/queue +default, priority 1/)
  expect(shown.stderr).toContain('rigel worker start -p local')
  await rigel.run('work-pool', 'update', 'local', '--limit', 'none')
  expect(await rigel.run('work-pool', 'ls')).toMatch(/local +process +NOT_READY +- /)
  await rigel.run('work-queue', 'create', 'urgent', '-p', 'local', '--priority', '1', '--limit', '2')
  await rigel.run('work-queue', 'pause', 'urgent', '-p', 'local')
  expect(await rigel.run('work-queue', 'ls', '-p', 'local')).toMatch(
    /urgent +1 +PAUSED +0 of 2[\s\S]*default +2 /,
  )
  await rigel.run('work-queue', 'resume', 'urgent', '-p', 'local')
  await rigel.run('work-pool', 'pause', 'local')
  expect(await rigel.run('work-pool', 'ls')).toContain('PAUSED')
  await rigel.run('work-pool', 'resume', 'local')
  expect((await rigel.try('work-pool', 'create', 'local')).stderr).toContain('local')
  expect((await rigel.try('work-pool', 'pause', 'other')).stderr).toContain('there is no work pool "other"')
  expect((await rigel.try('worker', 'ls')).stderr).toContain('There are no workers')
  await rigel.run('work-pool', 'delete', 'local', '--yes')
  expect(await rigel.try('work-pool', 'inspect', 'local')).toMatchObject({ status: 1, stdout: '' })
})

test('automations are listed, shown with what they did, paused, resumed and deleted', async () => {
  const tenant = await server.tenant()
  const rigel = rigelFor(tenant)
  expect((await rigel.try('automation', 'ls')).stderr).toContain('There are no automations')
  const make = async () =>
    (await (
      await tenant.call('POST', '/automations/', {
        name: 'tidy',
        trigger: { type: 'event', posture: 'Reactive', expect: ['shelf.full'], threshold: 2, within: 60 },
        actions: [{ type: 'do-nothing' }, { type: 'cancel-flow-run' }],
      })
    ).json()) as { id: string }
  const { id } = await make()
  expect(await rigel.run('automation', 'ls')).toMatch(
    new RegExp(`tidy +enabled +shelf.full 2 times within 60 s +do-nothing, cancel-flow-run +${id}`),
  )
  for (let i = 0; i < 2; i++)
    await tenant.call('POST', '/events', [
      {
        id: randomUUID(),
        occurred: new Date().toISOString(),
        event: 'shelf.full',
        resource: { 'prefect.resource.id': 's' },
      },
    ])
  await expect
    .poll(() => rigel.run('automation', 'inspect', 'tidy'), { timeout: 30_000, interval: 500 })
    .toMatch(/action\.failed \(cancel-flow-run: .*no flow-run/)
  expect(await rigel.run('automation', 'inspect', id)).toContain('action.executed (do-nothing)')
  await rigel.run('automation', 'pause', 'tidy')
  expect(await rigel.run('automation', 'ls')).toMatch(/tidy +paused/)
  await rigel.run('automation', 'resume', id)
  expect(JSON.parse(await rigel.run('automation', 'inspect', id, '--json'))).toMatchObject({ enabled: true })
  await make()
  expect((await rigel.try('automation', 'pause', 'tidy')).stderr).toContain('say which by its id')
  await rigel.run('automation', 'delete', id, '--yes')
  expect(await rigel.try('automation', 'inspect', id)).toMatchObject({ status: 1, stdout: '' })
})

test('what is not there, and what may not be done, is said in words', async () => {
  const rigel = rigelFor(await server.tenant())
  const other = await server.tenant()
  const made = await other.call('POST', '/flows/', { name: 'theirs' })
  const { id } = (await made.json()) as { id: string }
  const run = (await (await other.call('POST', '/flow_runs/', { flow_id: id })).json()) as { id: string }
  for (const verb of ['inspect', 'explain', 'cancel', 'retry', 'pause', 'resume', 'watch']) {
    expect(await rigel.try('flow-run', verb, run.id), verb).toMatchObject({ status: 1, stdout: '' })
  }
  expect((await rigel.try('deployment', 'ls')).stderr).toContain('flow.deploy(')
  expect((await rigel.try('deployment', 'run', 'a/b')).stderr).toMatch(
    /no deployment "a\/b"[\s\S]*try: rigel deployment ls/,
  )
})
test('limits are made, shown, changed and deleted', async () => {
  const tenant = await server.tenant()
  const rigel = rigelFor(tenant)
  expect((await rigel.try('limit', 'ls')).stderr).toContain('rigel limit create NAME SLOTS')
  await rigel.run('limit', 'create', 'database', '2')
  await rigel.run('limit', 'create', 'mails', '10', '--decay', '0.5')
  expect(await rigel.run('limit', 'ls')).toMatch(/database +0 +2 +yes +- [\s\S]*mails +0 +10 +yes +0.5\/s/)
  await rigel.run('limit', 'update', 'database', '--slots', '5', '--inactive')
  expect(await rigel.run('limit', 'inspect', 'database')).toMatch(/slots +0 of 5 taken\nactive +no/)
  const taken = await tenant.call('POST', '/v2/concurrency_limits/increment-with-lease', {
    names: ['mails'],
    slots: 2,
    lease_duration: 60,
  })
  expect(taken.ok).toBe(true)
  expect(await rigel.run('limit', 'inspect', 'mails')).toMatch(
    /SLOTS +HELD BY +SINCE +UNTIL\n2 +client +\d{4}-/,
  )
  await rigel.run('limit', 'create', 'lock', '1')
  const lock = (wait: number) =>
    tenant.call('POST', '/v2/concurrency_limits/increment-with-lease', {
      ...{ names: ['lock'], slots: 1, lease_duration: 60, wait_seconds: wait },
    })
  await lock(0)
  const waiting = lock(30)
  await expect
    .poll(() => rigel.run('limit', 'inspect', 'lock'), { timeout: 25_000 })
    .toMatch(/SLOTS +WAITING +SINCE +TAKES THEM\n1 +client +\d{4}-.* when they are free/)
  await rigel.run('limit', 'update', 'lock', '--slots', '2')
  expect((await waiting).ok).toBe(true)
  expect(await rigel.try('limit', 'create', 'bad', '-1')).toMatchObject({ status: 2 })
  expect(await rigel.try('limit', 'update', 'database')).toMatchObject({ status: 2 })
  await rigel.run('limit', 'delete', 'database', '--yes')
  expect((await rigel.try('limit', 'inspect', 'database')).stderr).toContain('there is no limit "database"')
})
