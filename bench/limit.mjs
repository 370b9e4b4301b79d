// What Postgres does alone with the rows that Rigel writes: the rows are made inside it, nobody parses, decides or answers.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'

const workspace = `'00000000-0000-7000-8000-00000000aaaa'::uuid`
const flow = `'00000000-0000-7000-8000-00000000ffff'::uuid`
const runs = 19_200
/** Two batches of these are in flight at 64 requests in flight. */
const batch = 32
const linesARequest = 100
const lineBatch = 500

const idOf = (number) => `('00000000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`
/** As large as the event of a transition. */
const eventBody = `'${JSON.stringify({ resource: {}, related: [], payload: { filler: 'x'.repeat(580) } })}'::json`

/** State history, event and count of the runs of the member `moved` of a with clause. */
const historyOf = (type, name) => `
  states as (
    insert into flow_run_states (workspace_id, run_id, at, id, type, name, message, details)
    select workspace_id, id, now(), gen_random_uuid(), '${type}', '${name}', '', '{}' from moved
  ), happened as (
    insert into events (workspace_id, occurred_at, id, event, resource_id, related_ids, received_at, body)
    select workspace_id, now(), gen_random_uuid(), 'prefect.flow-run.${name}', 'prefect.flow-run.' || id, array['prefect.flow.' || ${flow}], now(), ${eventBody}
    from moved
  ), counted as (
    insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
    select ${workspace}, 'flow-run', date_trunc('minute', now()), ${flow}, '00000000-0000-0000-0000-000000000000', '${type}', '${name}', count(*), 0, 0 from moved
  ) select 1`

const insertRuns = (ids, count) => `
  with moved as (
    insert into flow_runs (workspace_id, id, flow_id, name, parameters, state_id, state_type, state_name, state_at, state_message, state_details, expected_start_at)
    select ${workspace}, ${ids}, ${flow}, 'r', '{"x":1}', gen_random_uuid(), 'PENDING', 'Pending', now(), '', '{}', now()
    from generate_series(0, ${count} - 1) i
    returning workspace_id, id
  ), ${historyOf('PENDING', 'Pending')};`

/** Statements of a transaction, and how many requests of Rigel's it stands for. Both runners replace :first. */
const scripts = {
  create_flow_run: { sql: [insertRuns('gen_random_uuid()', batch)], requests: batch },
  set_state: {
    first: { highest: runs / batch - 1, step: batch },
    sql: [
      `select * from flow_runs where workspace_id = ${workspace} and id in (select ${idOf('i')} from generate_series(:first, :first + ${batch - 1}) i) order by id for update;`,
      `with moved as (
        update flow_runs set state_id = gen_random_uuid(), state_type = 'RUNNING', state_name = 'Running', state_at = now(), run_count = run_count + 1, start_at = now(), updated_at = now()
        where workspace_id = ${workspace} and id in (select ${idOf('i')} from generate_series(:first, :first + ${batch - 1}) i)
        returning workspace_id, id
      ), ${historyOf('RUNNING', 'Running')};`,
    ],
    requests: batch,
  },
  logs100: {
    sql: [
      `insert into logs (workspace_id, at, id, flow_run_id, logger, level, message)
       select ${workspace}, clock_timestamp(), gen_random_uuid(), ${flow}, 'prefect.flow_runs', 20, 'line ' || i || ' of a run that says a moderately long thing'
       from generate_series(1, ${lineBatch}) i;`,
    ],
    requests: lineBatch / linesARequest,
  },
}

const flat = (statements) => statements.map((statement) => statement.replace(/\s+/g, ' ').trim())

function hasPgbench() {
  try {
    execFileSync('pgbench', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Transactions a second, by pgbench. */
function runPgbench(url, { sql, first }, { seconds, clients }) {
  const folder = mkdtempSync(join(tmpdir(), 'rigel-bench-'))
  const script = join(folder, 'script.sql')
  const choose = first ? [`\\set first random(0, ${first.highest}) * ${first.step}`] : []
  writeFileSync(script, [...choose, 'begin;', ...flat(sql), 'commit;', ''].join('\n'))
  const args = [
    '-n',
    '-M',
    'prepared',
    '-c',
    String(clients),
    '-j',
    '1',
    '-T',
    String(seconds),
    '-f',
    script,
    url,
  ]
  return new Promise((resolve, reject) => {
    const child = spawn('pgbench', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part) => {
        output += part
      })
    child.once('error', reject)
    child.once('close', () => {
      rmSync(folder, { recursive: true, force: true })
      const tps = /^tps = ([\d.]+)/m.exec(output)?.[1]
      if (tps) resolve(Number(tps))
      else reject(new Error(`pgbench: ${output.trim().split('\n').slice(-3).join(' ')}`))
    })
  })
}

/** The same, straight from postgres.js. */
async function runHere(url, { sql, first }, { seconds, clients }) {
  const statements = flat(sql).map((statement) => statement.replace(/;$/, ''))
  const client = postgres(url, { max: clients, onnotice: () => {} })
  const began = performance.now()
  let count = 0
  const loop = async () => {
    while (performance.now() - began < seconds * 1000) {
      const from = first ? Math.floor(Math.random() * (first.highest + 1)) * first.step : 0
      await client.begin(async (transaction) => {
        for (const statement of statements)
          await transaction.unsafe(statement.replaceAll(':first', String(from)))
      })
      count++
    }
  }
  try {
    await Promise.all(Array.from({ length: clients }, loop))
    return count / ((performance.now() - began) / 1000)
  } finally {
    await client.end({ timeout: 2 })
  }
}

/** Makes a tenant with runs to move, in a database that Rigel's migrations have been applied to. */
async function seed(url) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const account = `'00000000-0000-7000-8000-00000000acc0'::uuid`
    await sql.unsafe(`
      insert into accounts (id, name, handle) values (${account}, 'limit', 'limit') on conflict do nothing;
      insert into workspaces (id, account_id, name, handle) values (${workspace}, ${account}, 'limit', 'limit') on conflict do nothing;
      insert into flows (workspace_id, id, name) values (${workspace}, ${flow}, 'limit') on conflict do nothing;
      delete from flow_runs where workspace_id = ${workspace};
      ${insertRuns(idOf('i'), runs)}`)
  } finally {
    await sql.end({ timeout: 2 })
  }
}

/**
 * Requests a second that the rows of a case would allow if Postgres were all there is, with as many batches in flight
 * as Rigel has. Answers the tool and a rate (or an error) by case.
 */
export async function measureLimits(url, { seconds, cases }) {
  const tool = hasPgbench() ? 'pgbench' : 'postgres.js'
  const run = tool === 'pgbench' ? runPgbench : runHere
  const rates = {}
  await seed(url)
  for (const name of cases) {
    const script = scripts[name]
    if (!script) continue
    try {
      rates[name] = (await run(url, script, { seconds, clients: 2 })) * script.requests
    } catch (error) {
      rates[name] = { failed: error.message }
    }
  }
  return { tool, rates }
}
