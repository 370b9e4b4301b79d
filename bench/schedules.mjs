// node bench/schedules.mjs [--deployments 100000]: runs of hourly schedules made ahead, against a plain insert of the same rows.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkNodeVersion, ensureInstalled, root } from '../lib/process/install.mjs'

checkNodeVersion()
await ensureInstalled()
const { cpuMicrosOf, cpuMicrosOfTree } = await import('./counters.mjs')
const { importSource, startPostgres, takeDown } = await import('./stage.mjs')
const { values } = parseArgs({ options: { deployments: { type: 'string', default: '100000' } } })
const deployments = Number(values.deployments)
const HOUR = 3_600_000_000

/** How long some work takes, and what it costs: CPU seconds of this process and of Postgres, which say more on a busy machine. */
const measure = async (work, postgresPid = 0) => {
  const [own, its] = [cpuMicrosOf(process.pid), cpuMicrosOfTree(postgresPid)]
  const began = performance.now()
  const result = await work()
  return {
    result,
    seconds: (performance.now() - began) / 1_000,
    nodeSeconds: (cpuMicrosOf(process.pid) - own) / 1e6,
    postgresSeconds: (cpuMicrosOfTree(postgresPid) - its) / 1e6,
  }
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const say = (name, value) => process.stdout.write(`${name.padEnd(58)} ${value}\n`)
const number = (value, digits = 2) => value.toFixed(digits).padStart(8)
const rate = (rows, { seconds, nodeSeconds, postgresSeconds }) =>
  `${number(seconds)} s ${number(rows / seconds, 0)} rows/s   CPU: node ${number(nodeSeconds)} s, postgres ${number(postgresSeconds)} s`

try {
  const server = await startPostgres()
  await server.create('schedules')
  const { connectDatabase, formatInstant, migrate, scheduleRuns, uuidv7 } =
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
  // Ids that sort by the time of their making, as the product gives them: neighbours in the table are neighbours in its indexes.
  const ids = Array.from({ length: deployments }, () => ({ deployment: uuidv7(), schedule: uuidv7() }))
  await sql`
    insert into deployments (workspace_id, id, flow_id, name, parameters, tags)
    select ${workspaceId}, id, ${flowId}, 'deployment-' || n, '{"size":1}', '{nightly}'
    from unnest(${ids.map((each) => each.deployment)}::uuid[]) with ordinality made (id, n)`
  await sql`
    insert into deployment_schedules (workspace_id, deployment_id, id, schedule, scheduled_until, look_at)
    select ${workspaceId}, deployment_id, id, '{"cron":"0 * * * *","timezone":"Europe/Berlin","day_or":true}',
      ${formatInstant(now)}, ${formatInstant(now)}
    from unnest(${ids.map((each) => each.deployment)}::uuid[], ${ids.map((each) => each.schedule)}::uuid[]) made (deployment_id, id)`
  await sql`analyze`

  const scope = { db, engine: { announceNew: () => {}, signals: { emit: () => {} } }, nowMicros: () => now }
  const materialise = async () => {
    let runs = 0
    for (;;) {
      const { counts, more } = await scheduleRuns.runOnce(scope)
      runs += counts.runs
      if (!more) return runs
    }
  }
  const first = await measure(materialise, server.pid)
  const runs = first.result
  say(`${deployments} hourly deployments, ${runs} runs made ahead`, rate(runs, first))

  // The same rows, made inside Postgres, into tables with the same indexes and references: nobody plans or names them.
  await sql`create table plain_runs (like flow_runs including all)`
  await sql`
    alter table plain_runs add foreign key (workspace_id, flow_id) references flows (workspace_id, id),
      add foreign key (workspace_id, deployment_id) references deployments (workspace_id, id)`
  await sql`create table plain_states (like flow_run_states including all)`
  const plain = await measure(async () => {
    await sql`insert into plain_runs select * from flow_runs`
    await sql`insert into plain_states select * from flow_run_states`
  }, server.pid)
  say('the same runs and states by two plain inserts', rate(runs, plain))
  const cpu = ({ nodeSeconds, postgresSeconds }) => nodeSeconds + postgresSeconds
  say('share of the plain inserts', `${number((100 * plain.seconds) / first.seconds, 0)} % of their rate`)
  say('', `${number(cpu(first) / cpu(plain), 1)} × their CPU`)

  const idle = []
  for (let i = 0; i < 50; i++) idle.push((await measure(() => scheduleRuns.runOnce(scope))).seconds * 1e3)
  say('a turn when nothing is due (median of 50)', `${number(median(idle))} ms`)

  now += HOUR
  const later = await measure(materialise, server.pid)
  say(`an hour later, when all are due at once, ${later.result} runs`, rate(later.result, later))
  await db.close()
} finally {
  await takeDown()
}
