import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import postgres from 'postgres'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { type Bundle, bundleProgram } from '../testing/bundle.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { isAlive } from './process-identity.mjs'

const program: Bundle = await bundleProgram('lib/testing/hold-postgres.ts')
afterAll(() => program.remove())

let home: string
let folder: string
const children = new Set<ChildProcess>()

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rigel-embedded-'))
  folder = join(home, 'postgres')
})

const postmaster = (): number =>
  Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10)
const isRunning = (): boolean => existsSync(join(folder, 'data', 'postmaster.pid')) && isAlive(postmaster())

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  if (isRunning()) {
    const server = await startEmbeddedPostgres({ folder, volatile: true })
    await server.stop()
  }
  rmSync(home, { recursive: true, force: true })
})

async function hold(): Promise<{ child: ChildProcess; url: string; adopted: boolean }> {
  const child = spawn(process.execPath, [program.path, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  if (!child.stdout) throw new Error('no output to read')
  const [line] = await once(createInterface(child.stdout), 'line')
  return { child, ...JSON.parse(String(line)) }
}

async function ask(url: string, query: string): Promise<postgres.RowList<postgres.Row[]>> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(query)
  } finally {
    await sql.end()
  }
}

test('starts from nothing, stops, and has its data the next time, at the same address', async () => {
  const first = await startEmbeddedPostgres({ folder, volatile: true })
  await ask(first.url, "create table kept as select 'yes' as answer")
  await first.stop()
  await first.stop()
  expect(isRunning()).toBe(false)
  const second = await startEmbeddedPostgres({ folder, volatile: true })
  expect(second.url).toBe(first.url)
  expect(await ask(second.url, 'select answer from kept')).toMatchObject([{ answer: 'yes' }])
  await second.stop()
})

test('keeps the password where only its owner reads it, and takes no other', async () => {
  const server = await startEmbeddedPostgres({ folder, volatile: true })
  expect(statSync(join(folder, 'access.json')).mode & 0o777).toBe(0o600)
  await expect(ask(server.url.replace(/:[^:@]*@/, ':wrong@'), 'select 1')).rejects.toThrow(/password/)
  await server.stop()
})

test('runs as root even below a folder that only root may enter', async () => {
  chmodSync(home, 0o700)
  const server = await startEmbeddedPostgres({ folder, volatile: true })
  expect(await ask(server.url, 'select 1 as one')).toMatchObject([{ one: 1 }])
  await server.stop()
})

test('a process that was killed leaves it running, and the next one adopts it with everything committed', async () => {
  const killed = await hold()
  await ask(killed.url, "create table kept as select 'yes' as answer")
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')
  expect(isRunning()).toBe(true)
  const next = await hold()
  expect(next).toMatchObject({ adopted: true, url: killed.url })
  expect(await ask(next.url, 'select answer from kept')).toMatchObject([{ answer: 'yes' }])
  next.child.kill('SIGTERM')
  await once(next.child, 'exit')
  expect(isRunning()).toBe(false)
})

test('when everything was killed, it recovers what was committed', async () => {
  const killed = await hold()
  await ask(killed.url, "create table kept as select 'yes' as answer")
  await ask(killed.url, 'checkpoint')
  killed.child.kill('SIGKILL')
  process.kill(postmaster(), 'SIGKILL')
  const next = await hold()
  expect(next.adopted).toBe(false)
  expect(await ask(next.url, 'select answer from kept')).toMatchObject([{ answer: 'yes' }])
})

test('processes that start at once share one, and the last to stop stops it', async () => {
  const [one, two] = await Promise.all([hold(), hold()])
  expect(one.url).toBe(two.url)
  one.child.kill('SIGTERM')
  await once(one.child, 'exit')
  expect(await ask(two.url, 'select 1 as one')).toMatchObject([{ one: 1 }])
  two.child.kill('SIGTERM')
  await once(two.child, 'exit')
  expect(isRunning()).toBe(false)
})

test('a stale file that names a process of somebody else stops nothing', async () => {
  const first = await startEmbeddedPostgres({ folder, volatile: true })
  await first.stop()
  const stranger = spawn('sleep', ['60'])
  children.add(stranger)
  writeFileSync(
    join(folder, 'data', 'postmaster.pid'),
    `${stranger.pid}\n${join(folder, 'data')}\n0\n${first.port}\n`,
  )
  const second = await startEmbeddedPostgres({ folder, volatile: true })
  expect(stranger.exitCode).toBeNull()
  await second.stop()
})

test('a port that somebody took meanwhile is left to them', async () => {
  const first = await startEmbeddedPostgres({ folder, volatile: true })
  await first.stop()
  const thief = createServer().listen(first.port, '127.0.0.1')
  await once(thief, 'listening')
  const second = await startEmbeddedPostgres({ folder, volatile: true })
  expect(second.port).not.toBe(first.port)
  await second.stop()
  thief.close()
})

test('a preparation that was cut off is done again', async () => {
  const first = await startEmbeddedPostgres({ folder, volatile: true })
  await first.stop()
  rmSync(join(folder, 'data'), { recursive: true })
  const second = await startEmbeddedPostgres({ folder, volatile: true })
  expect(await ask(second.url, 'select 1 as one')).toMatchObject([{ one: 1 }])
  await second.stop()
})

test('data of another version is refused with what to do', async () => {
  const first = await startEmbeddedPostgres({ folder, volatile: true })
  await first.stop()
  writeFileSync(join(folder, 'data', 'PG_VERSION'), '15\n')
  await expect(startEmbeddedPostgres({ folder, volatile: true })).rejects.toThrow(
    /made by PostgreSQL 15.*Dump it/,
  )
})
