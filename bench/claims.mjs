// node bench/claims.mjs [--runs 10000] [--claimers 50]: how fast due runs are handed out, beside plain SQL that claims them with the
// same rows written, in batches of the same size, and decides nothing. Only the ratio means anything on a busy machine.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { cpuMicrosOf, cpuMicrosOfTree } from './counters.mjs'
import { importSource, startFlags, startPostgres, takeDown } from './stage.mjs'

// The engine runs in this process, which wants what `npm start` gives node.
if (startFlags().some((one) => !process.execArgv.includes(one)))
  process.exit(
    spawnSync(process.execPath, [...startFlags(), ...process.argv.slice(1)], { stdio: 'inherit' }).status ??
      1,
  )

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, claimers: { type: 'string', default: '50' } },
})
const [runs, claimers] = [Number(values.runs), Number(values.claimers)]
const atOnce = 10
/** As many as a batch of the engine claims. */
const batch = 256

const { anyClient, connectDatabase, createEngine, makeDueRuns, makeFlow, makePool, migrate } =
  await importSource('bench/contention-parts.ts')

const eventBody = JSON.stringify({ resource: {}, related: [], payload: { filler: 'x'.repeat(580) } })

/** One batch by plain SQL: found and locked as the engine does, then its write set, made inside Postgres. */
const claimPlainly = (sql, workspaceId, queueId) =>
  sql.begin(async (tx) => {
    const [row] = await tx`
    with due as materialized (
      select workspace_id, id from flow_runs
      where workspace_id = ${workspaceId} and work_queue_id = ${queueId} and next_scheduled_start_at <= now()
        and (empirical_policy ->> 'retry_type') is distinct from 'in_process'
      order by next_scheduled_start_at limit ${batch} for update skip locked
    ), moved as (
      update flow_runs r set state_id = gen_random_uuid(), state_type = 'PENDING', state_name = 'Pending', state_at = now(),
        next_scheduled_start_at = null, claim_token = gen_random_uuid(), updated_at = now()
      from due where r.workspace_id = due.workspace_id and r.id = due.id
      returning r.workspace_id, r.id, r.flow_id, r.claim_token, r.work_queue_id
    ), claims as (
      insert into run_claims (workspace_id, run_id, token, work_queue_id, holder_type, claimed_at, beat_at, expires_at)
      select workspace_id, id, claim_token, work_queue_id, 'agent', now(), now(), now() + interval '45 seconds' from moved
    ), states as (
      insert into flow_run_states (workspace_id, run_id, at, id, type, name, message, details)
      select workspace_id, id, now(), gen_random_uuid(), 'PENDING', 'Pending', '', jsonb_build_object('claim_token', claim_token) from moved
    ), happened as (
      insert into events (workspace_id, occurred_at, id, event, resource_id, related_ids, received_at, body)
      select workspace_id, now(), gen_random_uuid(), 'prefect.flow-run.Pending', 'prefect.flow-run.' || id, array['prefect.flow.' || flow_id],
             now(), ${eventBody}::text::json from moved
    )
    select count(*)::int as n from moved`
    return row.n
  })

/** Claims a second, and the CPU time of one: this process's and Postgres's, which say more on a busy machine. */
async function rateOf(count, postmasterPid, work) {
  const [own, its] = [cpuMicrosOf(process.pid), cpuMicrosOfTree(postmasterPid)]
  const began = performance.now()
  const done = await work()
  if (done !== count) throw new Error(`${done} of ${count} runs were claimed`)
  return {
    perSecond: count / ((performance.now() - began) / 1e3),
    node: (cpuMicrosOf(process.pid) - own) / count,
    postgres: (cpuMicrosOfTree(postmasterPid) - its) / count,
  }
}

try {
  const server = await startPostgres()
  await server.create('claims')
  const url = server.urlOf('claims')
  await migrate(url, 'drizzle')
  const db = connectDatabase({ url, poolSize: 8 })
  const engine = createEngine({ db, publish: () => {} })
  const flow = await makeFlow(db)

  const plainly = async () => {
    const { queueId } = await makePool(db, flow.workspaceId, `plain-${Math.random()}`)
    await makeDueRuns(db, flow, queueId, runs)
    await db.engine`analyze`
    return rateOf(runs, server.pid, async () => {
      let claimed = 0
      const loop = async () => {
        for (;;) {
          const n = await claimPlainly(db.engine, flow.workspaceId, queueId)
          if (n === 0) return
          claimed += n
        }
      }
      await Promise.all([loop(), loop()])
      return claimed
    })
  }
  const byEngine = async () => {
    const { poolId, queueId } = await makePool(db, flow.workspaceId, `engine-${Math.random()}`)
    await makeDueRuns(db, flow, queueId, runs)
    await db.engine`analyze`
    return rateOf(runs, server.pid, async () => {
      let claimed = 0
      const claimer = async (n) => {
        for (;;) {
          const claims = await engine.claimFlowRuns({
            workspaceId: flow.workspaceId,
            workPoolId: poolId,
            workQueueIds: null,
            runs: 'any',
            limit: atOnce,
            holder: { type: 'agent', id: null, name: `agent-${n}` },
            seconds: 45,
            client: anyClient,
          })
          if (claims.length === 0) return
          claimed += claims.length
        }
      }
      await Promise.all(Array.from({ length: claimers }, (_, n) => claimer(n)))
      return claimed
    })
  }

  // The first of each warms up.
  const rates = { plain: [], engine: [] }
  for (let round = 0; round < 3; round++) {
    const [plain, own] = [await plainly(), await byEngine()]
    if (round === 0) continue
    rates.plain.push(plain)
    rates.engine.push(own)
  }
  const best = (list) => list.toSorted((a, b) => b.perSecond - a.perSecond)[0]
  const [plain, own] = [best(rates.plain), best(rates.engine)]
  const say = (name, { perSecond, node, postgres }) =>
    console.log(
      `${name.padEnd(44)} ${perSecond.toFixed(0).padStart(6)} claims/s   CPU a claim: node ${node.toFixed(0)} µs, postgres ${postgres.toFixed(0)} µs`,
    )
  say(`plain SQL, ${batch} a batch, two at once`, plain)
  say(`the engine, ${claimers} claimers of ${atOnce} at a time`, own)
  const cost = ({ node, postgres }) => node + postgres
  console.log(
    `ratio: ${((own.perSecond / plain.perSecond) * 100).toFixed(0)} % of plain SQL's rate, ${(cost(own) / cost(plain)).toFixed(1)} × its CPU`,
  )
  await engine.drain()
  await db.close()
} finally {
  await takeDown()
}
