import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { postmasterOf, runCommand, type ServerProcess, startProcess } from '../testing/start-process.ts'
import { isAlive } from './process-identity.mjs'
import { readRuntime } from './runtime-file.ts'

let dataDir: string
const servers = new Set<ServerProcess>()

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rigel-start-'))
})

afterEach(async () => {
  for (const server of servers) await server.stop('SIGKILL')
  servers.clear()
  const postmaster = postmasterOf(dataDir)
  if (postmaster !== undefined && isAlive(postmaster)) {
    process.kill(postmaster, 'SIGQUIT')
    await expect.poll(() => isAlive(postmaster), { timeout: 10_000 }).toBe(false)
  }
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(options?: Parameters<typeof startProcess>[1]): Promise<ServerProcess> {
  const server = await startProcess(dataDir, options)
  servers.add(server)
  return server
}

const bootstrap = (...more: string[]) =>
  runCommand(
    [
      'lib/process/run.mjs',
      'admin',
      'bootstrap',
      '--user',
      'ada',
      '--email',
      'ada@example.com',
      '--account',
      'acme',
      '--workspace',
      'main',
      ...more,
    ],
    dataDir,
  )

interface Tenant {
  readonly api_url: string
  readonly account_id: string
  readonly workspace_id: string
  readonly api_key: string
}

const ask = (tenant: Tenant, path: string, body: unknown) =>
  fetch(`${tenant.api_url}/accounts/${tenant.account_id}/workspaces/${tenant.workspace_id}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.api_key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('bootstrap works while the server runs, and prints one object with a key that opens the workspace', async () => {
  const server = await start()
  const { status, stdout } = await bootstrap('--json')
  expect(status).toBe(0)
  const tenant = JSON.parse(stdout)
  expect(Object.keys(tenant).sort()).toEqual(
    [
      'account_handle',
      'account_id',
      'api_key',
      'api_url',
      'user_id',
      'workspace_handle',
      'workspace_id',
    ].sort(),
  )
  expect(tenant).toMatchObject({
    api_url: `${server.url}/api`,
    account_handle: 'acme',
    workspace_handle: 'main',
  })
  expect((await ask(tenant, '/flows/', { name: 'hello' })).status).toBe(201)
  expect((await bootstrap()).stdout).toContain('rigel login -k rgu_')
  const stated = await bootstrap('--json', '--account-role', 'owner')
  expect(JSON.parse(stated.stdout)).toMatchObject({ account_role: 'owner', account_role_before: 'owner' })
  const last = await bootstrap('--json', '--account-role', 'member')
  expect(last).toMatchObject({ status: 1, stdout: '' })
  expect(last.stderr).toContain('is the last owner of acme and stays one')
})

test('bootstrap works while the server starts, and says where that will be', async () => {
  const starting = start()
  // Told as soon as its door is open, before its Postgres is up.
  await expect.poll(() => readRuntime(dataDir), { timeout: 30_000 }).toBeDefined()
  const { stdout } = await bootstrap('--json')
  const tenant = JSON.parse(stdout)
  const server = await starting
  expect(tenant.api_url).toBe(`${server.url}/api`)
  expect((await ask(tenant, '/flows/', { name: 'hello' })).status).toBe(201)
})

test('bootstrap works while no server runs, and leaves no database running', async () => {
  const { status, stdout } = await bootstrap('--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout).api_key).toMatch(/^rgu_/)
  expect(postmasterOf(dataDir)).toBeUndefined()
})

test('bootstrap refuses in words, and prints nothing on standard output', async () => {
  const wrong = await bootstrap('--account-role', 'king')
  expect(wrong).toMatchObject({ status: 64, stdout: '' })
  expect(wrong.stderr).toContain('--account-role should be one of owner, admin, member')
})

test('after kill -9 the next start serves everything that was acknowledged', async () => {
  const killed = await start()
  const tenant: Tenant = JSON.parse((await bootstrap('--json')).stdout)
  const acknowledged: string[] = []
  const writing = Promise.allSettled(
    Array.from({ length: 300 }, async (_, n) => {
      const answer = await ask(tenant, '/flows/', { name: `flow-${n}` })
      if (answer.status === 201) acknowledged.push(`flow-${n}`)
      if (acknowledged.length === 100) killed.child.kill('SIGKILL')
    }),
  )
  await writing
  expect(acknowledged.length).toBeGreaterThanOrEqual(100)
  const next = await start()
  const again = { ...tenant, api_url: `${next.url}/api` }
  const names: string[] = []
  for (let offset = 0; offset < 400; offset += 200) {
    const rows: { name: string }[] = await (await ask(again, '/flows/filter', { limit: 200, offset })).json()
    names.push(...rows.map(({ name }) => name))
  }
  expect(new Set(names).size).toBe(names.length)
  expect(acknowledged.filter((name) => !names.includes(name))).toEqual([])
})

test('SIGTERM ends it cleanly, and the database with it', async () => {
  const server = await start()
  const postmaster = postmasterOf(dataDir)
  expect(postmaster && isAlive(postmaster)).toBe(true)
  expect(await server.stop('SIGTERM')).toBe(0)
  expect(postmasterOf(dataDir)).toBeUndefined()
})

test('SIGTERM for npm reaches it too', async () => {
  const npm = await start({ byNpm: true })
  const pid = readRuntime(dataDir)?.pid
  if (pid === undefined) throw new Error('no server is known')
  await npm.stop('SIGTERM')
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  expect(postmasterOf(dataDir)).toBeUndefined()
})

test('told to the whole process group, with npm passing it on as well, it is one SIGTERM and drains', async () => {
  const npm = await start({ byNpm: true })
  const pid = readRuntime(dataDir)?.pid
  if (pid === undefined) throw new Error('no server is known')
  process.kill(pid, 'SIGTERM')
  process.kill(pid, 'SIGTERM')
  await npm.stop('SIGTERM')
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  expect(postmasterOf(dataDir)).toBeUndefined()
})

test('it stops as cleanly when nobody reads what it prints any more', async () => {
  const server = await start()
  server.child.stdout?.destroy()
  server.child.stderr?.destroy()
  expect(await server.stop('SIGTERM')).toBe(0)
  expect(postmasterOf(dataDir)).toBeUndefined()
})

test('a second start is ready within five seconds', async () => {
  await (await start()).stop()
  const started = performance.now()
  await start()
  expect(performance.now() - started).toBeLessThan(5_000)
})

test('a second server on one data folder shares the database, and outlives the first', async () => {
  const first = await start()
  const second = await start()
  expect(await first.stop()).toBe(0)
  expect((await fetch(`${second.url}/ready`)).status).toBe(200)
  expect(await second.stop()).toBe(0)
  expect(postmasterOf(dataDir)).toBeUndefined()
})

test('bootstrap finds the server that still runs when a younger one on the folder has stopped', async () => {
  const first = await start()
  await (await start()).stop()
  expect(JSON.parse((await bootstrap('--json')).stdout)).toMatchObject({ api_url: `${first.url}/api` })
})

test.each([
  [{ PORT: 'x' }, /^Rigel cannot start\. PORT holds "x", but should be a port/m],
  [
    { HOST: '0.0.0.0' },
    /^Rigel cannot start\. HOST holds "0\.0\.0\.0".*GITHUB_ID and GITHUB_SECRET are not set/m,
  ],
  [{ DATABASE_URL: 'mysql://u:hunter2@db/x' }, /DATABASE_URL holds "mysql:\/\/u:\*\*\*@db\/x"/],
])('%j stops the start with a sentence', async (env, sentence) => {
  const ended = await runCommand(['lib/process/start.mjs', '--no-ui'], dataDir, env as Record<string, string>)
  expect(ended.status).toBe(1)
  expect(ended.stderr).toMatch(sentence)
  expect(ended.stderr).not.toContain('hunter2')
})

test('a port that is taken is named, with who has it', async () => {
  const first = await start()
  const port = new URL(first.url).port
  const ended = await runCommand(['lib/process/start.mjs', '--no-ui'], dataDir, { PORT: port })
  expect(ended.status).toBe(1)
  expect(ended.stderr).toMatch(
    new RegExp(`PORT ${port} of 127\\.0\\.0\\.1 is taken: Rigel runs there already`),
  )
})
