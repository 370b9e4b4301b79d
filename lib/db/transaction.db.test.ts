import { beforeEach, expect, test } from 'vitest'
import { testDatabase } from '../testing/database.ts'
import type { Queryable } from './clients.ts'
import { inTransaction } from './transaction.ts'

const db = await testDatabase({ poolSize: 2 })
await db.engine`create table kept (n int primary key)`
beforeEach(() => db.engine`truncate kept`)

const kept = async (): Promise<number[]> =>
  (await db.engine<{ n: number }[]>`select n from kept order by n`).map(({ n }) => n)

/** Ends a session, and waits until it is gone. */
const kill = async (pid: number): Promise<void> => {
  await db.orm.execute(`select pg_terminate_backend(${pid}, 5000)`)
}

test('what is read is seen, what is written last is committed, the answer is handed on', async () => {
  const answer = await inTransaction(db.engine, async (sql, write) => {
    await sql`insert into kept values (1)`
    const [row] = await sql<{ n: number }[]>`select n from kept`
    write(sql`insert into kept values (2)`, null, sql`insert into kept values (3)`)
    return row?.n
  })
  expect(answer).toBe(1)
  expect(await kept()).toEqual([1, 2, 3])
})

test('statements go in their order, also those that make something of their answer', async () => {
  let counted: number | undefined
  await inTransaction(db.engine, async (sql, write) => {
    write(
      sql`insert into kept values (1)`,
      () =>
        sql<{ n: number }[]>`select count(*)::int as n from kept`.then(([row]) => {
          counted = row?.n
        }),
      sql`insert into kept values (2)`,
    )
  })
  expect(counted).toBe(1)
  expect(await kept()).toEqual([1, 2])
})

test('it is one transaction, which nobody sees half of', async () => {
  await inTransaction(db.engine, async (sql, write) => {
    const [first] = await sql<{ id: string }[]>`select pg_current_xact_id()::text as id`
    await sql`insert into kept values (1)`
    expect(await kept()).toEqual([])
    const [second] = await sql<{ id: string }[]>`select pg_current_xact_id()::text as id`
    expect(second).toEqual(first)
    write(sql`insert into kept values (2)`)
  })
  expect(await kept()).toEqual([1, 2])
})

test('it may say that it writes nothing, or that nobody has to wait for the disk, of itself alone', async () => {
  const sourceOf = async (sql: Queryable) =>
    (await sql<{ source: string }[]>`select source from pg_settings where name = 'synchronous_commit'`)[0]
      ?.source
  const usual = await inTransaction(db.engine, sourceOf)
  const answer = await inTransaction(
    db.engine,
    async (sql, write) => {
      const [row] = await sql<{ level: string }[]>`select current_setting('synchronous_commit') as level`
      write(sql`insert into kept values (1)`)
      return { ...row, source: await sourceOf(sql) }
    },
    { mayBeLost: true },
  )
  expect(answer).toEqual({ level: 'off', source: 'session' })
  expect(await kept()).toEqual([1])
  expect(usual).not.toBe('session')
  // Each of the two connections may have been the one.
  expect(await Promise.all([1, 2].map(() => inTransaction(db.engine, sourceOf)))).toEqual([usual, usual])
  const written = inTransaction(db.engine, async (sql, write) => write(sql`insert into kept values (2)`), {
    readOnly: true,
  })
  await expect(written).rejects.toThrow('read-only')
  expect(await kept()).toEqual([1])
})

test.each([
  ['the work', async () => Promise.reject(new Error('no'))],
  ['a statement that is waited for', async (sql) => void (await sql`select 1 / 0`)],
  [
    'a statement whose failure the work passes over',
    async (sql) => void (await sql`select 1 / 0`.catch(() => {})),
  ],
  ['a last statement', async (sql, write) => write(sql`select 1 / 0`, sql`insert into kept values (9)`)],
] as readonly [string, Parameters<typeof inTransaction<void>>[1]][])(
  'when %s fails, nothing stays and the failure is thrown',
  async (_, fail) => {
    const work = inTransaction(db.engine, async (sql, write) => {
      await sql`insert into kept values (1)`
      await fail(sql, write)
    })
    await expect(work).rejects.toThrow(/^no$|division by zero|nothing was committed/)
    expect(await kept()).toEqual([])
  },
)

test('sessions are given back, whatever became of their work', async () => {
  for (let n = 0; n < 9; n++) {
    await inTransaction(db.engine, async () => Promise.reject(new Error('no'))).catch(() => {})
    await inTransaction(db.engine, async (sql, write) => write(sql`insert into kept values (${n})`))
  }
  expect(await kept()).toHaveLength(9)
})

const lostCode = /^(57P01|ECONNRESET|EPIPE|CONNECTION_(CLOSED|ENDED|DESTROYED))$/

/** The driver may tell the first who comes after a lost session of that loss once more, as it does of any passing trouble. */
const patiently = (work: () => Promise<unknown>): Promise<unknown> =>
  work().catch((error: { code?: string }) => {
    if (!lostCode.test(error.code ?? '')) throw error
    return work()
  })

test.each(['before', 'between', 'within'] as const)(
  'a session that is lost %s its statements rolls back, is told of, and the next one works',
  async (when) => {
    const work = inTransaction(db.engine, async (sql, write) => {
      const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
      await sql`insert into kept values (1)`
      if (when === 'before') await kill(row?.pid ?? 0)
      else if (when === 'between') {
        await kill(row?.pid ?? 0)
        // The driver has noticed by the time that it has a new session.
        await db.engine`select 1`
        await db.engine`select 1`
      } else void kill(row?.pid ?? 0)
      await sql`select pg_sleep(0)`
      write(sql`insert into kept values (2)`, sql`select pg_sleep(30)`)
    })
    await expect(work).rejects.toMatchObject({
      code: expect.stringMatching(lostCode),
    })
    expect(await patiently(kept)).toEqual([])
    await patiently(() =>
      inTransaction(db.engine, async (sql, write) => write(sql`insert into kept values (3)`)),
    )
    expect(await kept()).toEqual([3])
  },
)
