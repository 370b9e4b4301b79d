// node bench/schedules.mjs [--deployments 100000]: runs of hourly schedules made ahead, against a plain insert of the same rows.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkNodeVersion, ensureInstalled, root } from '../lib/process/install.mjs'

checkNodeVersion()
await ensureInstalled()
const { importSource, startPostgres, takeDown } = await import('./stage.mjs')
const { values } = parseArgs({ options: { deployments: { type: 'string', default: '100000' } } })
const deployments = Number(values.deployments)
const HOUR = 3_600_000_000

const seconds = async (work) => {
  const began = performance.now()
  const result = await work()
  return [(performance.now() - began) / 1_000, result]
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const say = (name, value) => process.stdout.write(`${name.padEnd(58)} ${value}\n`)
const rate = (rows, took) =>
  `${took.toFixed(2).padStart(7)} s ${Math.round(rows / took)
    .toString()
    .padStart(8)} rows/s`

try {
  const server = await startPostgres()
  await server.create('schedules')
  const { connectDatabase, formatInstant, materialiseSchedules, migrate } =
    await importSource('bench/schedule-parts.ts')
  const url = server.urlOf('schedules')
  await migrate(url, join(root, 'drizzle'))
  const db = connectDatabase({ url })
  const sql = db.engine
  let now = Date.now() * 1_000
  const [accountId, workspaceId, flowId] = [randomUUID(), randomUUID(), randomUUID()]
  await sql`insert into accounts (id, name, handle) values (${accountId}, 'a', 'a')`
  await sql`insert into workspaces (id, account_id, name, handle) values (${workspaceId}, ${accountId}, 'w', 'w')`
  await sql`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'f')`
  await sql`
    with made as (
      insert into deployments (workspace_id, id, flow_id, name, parameters, tags)
      select ${workspaceId}, gen_random_uuid(), ${flowId}, 'deployment-' || n, '{"size":1}', '{nightly}'
      from generate_series(1, ${deployments}) n returning workspace_id, id)
    insert into deployment_schedules (workspace_id, deployment_id, id, schedule, scheduled_until, look_at)
    select workspace_id, id, gen_random_uuid(), '{"cron":"0 * * * *","timezone":"Europe/Berlin","day_or":true}',
      ${formatInstant(now)}, ${formatInstant(now)} from made`
  await sql`analyze`

  const scope = { db, engine: { announce: () => {}, signals: { emit: () => {} } }, nowMicros: () => now }
  const materialise = async () => {
    let runs = 0
    for (;;) {
      const turn = await materialiseSchedules(scope, 'whichever are due')
      if (turn.schedules === 0) return runs
      runs += turn.runs
    }
  }
  const [first, runs] = await seconds(materialise)
  say(`${deployments} hourly deployments, ${runs} runs made ahead`, rate(runs, first))

  // The same rows, made inside Postgres, into tables with the same indexes: nobody reads, plans or names them.
  await sql`create table plain_runs (like flow_runs including all)`
  await sql`create table plain_states (like flow_run_states including all)`
  const [runsTook] = await seconds(() => sql`insert into plain_runs select * from flow_runs`)
  const [statesTook] = await seconds(() => sql`insert into plain_states select * from flow_run_states`)
  const plain = runsTook + statesTook
  say('the same runs and states by two plain inserts', rate(runs, plain))
  say('share of the plain inserts', `${((100 * plain) / first).toFixed(0).padStart(7)} %`)

  const idle = []
  for (let i = 0; i < 50; i++)
    idle.push((await seconds(() => materialiseSchedules(scope, 'whichever are due')))[0] * 1e3)
  say('a turn when nothing is due (median of 50)', `${median(idle).toFixed(2).padStart(7)} ms`)

  now += HOUR
  const [later, more] = await seconds(materialise)
  say(`an hour later, when all are due at once, ${more} runs`, rate(more, later))
  await db.close()
} finally {
  await takeDown()
}
