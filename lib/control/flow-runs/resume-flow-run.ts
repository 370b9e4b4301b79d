import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import type { ClientView, ProposedState } from '../../domain/orchestration/decide.ts'
import { notPaused } from '../../domain/orchestration/flow-rules.ts'
import { BadInput, Conflict, NotFound } from '../../domain/problem.ts'
import type { RawJson, StateDetails, StateType } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine, TransitionResult } from '../../engine/engine.ts'
import { type StoredRun, storedState } from '../../engine/stored.ts'
import { type Context, requireScope } from '../context.ts'
import { requireValid } from '../parameters/check-parameters.ts'
import { hydrateParameters } from '../parameters/hydrate-parameters.ts'

export interface ResumeFlowRun {
  readonly id: string
  /** Text of a JSON object: what the run asked for. null: nothing is given. */
  readonly runInput: RawJson | null
  readonly client: ClientView
}

export interface ResumeResult extends TransitionResult {
  /** Whether it was the input that was refused, before any rule was asked. */
  readonly inputRefused: boolean
}

type PausedRun = Pick<
  StoredRun,
  'stateId' | 'stateType' | 'stateName' | 'stateAt' | 'stateMessage' | 'stateDetails' | 'stateData'
>

const usableKey = /^[a-z0-9-]{1,500}$/
const nothing = '{}' as RawJson

/**
 * Lets a paused run go on: in its process, or, when it was suspended, by scheduling it now. An input that the run asked for is
 * checked against the schema that it left, and laid where the run looks for it before it goes on. Throws NotFound.
 */
export async function resumeFlowRun(
  ctx: Context,
  engine: Engine,
  { id, runInput, client }: ResumeFlowRun,
): Promise<ResumeResult> {
  requireScope(ctx, 'run_flows')
  const { workspaceId } = ctx
  const looked = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [run] = await sql<PausedRun[]>`
      select state_id, state_type, state_name, state_at, state_message, state_details, state_data
      from flow_runs where workspace_id = ${workspaceId} and id = ${id} for no key update`
    if (!run) throw new NotFound('Flow run')
    if (run.stateType !== 'PAUSED') return refused('ABORT', notPaused, null)
    const state = storedState(run as StoredRun)
    const keyset = readKeyset(run.stateDetails)
    if (keyset === null) return { paused: run, responseKey: null }
    if (!usableKey.test(keyset.response)) {
      return refused('REJECT', 'The run waits for its input under a key that no input can have.', state)
    }
    let input = runInput ?? nothing
    try {
      input = await hydrateParameters(sql, workspaceId, input)
    } catch (error) {
      if (!(error instanceof BadInput)) throw error
      return refused('REJECT', `Error hydrating run input: ${error.message}`, state)
    }
    const [schema] = await sql<{ value: string }[]>`
      select value from flow_run_inputs where workspace_id = ${workspaceId} and flow_run_id = ${id} and key = ${keyset.schema}`
    if (!schema) return refused('REJECT', 'Run input schema not found.', state)
    const wrong = whatIsWrong(schema.value, input)
    if (wrong !== null) return refused('REJECT', wrong, state)
    // Before the run goes on: its process looks as soon as it is running.
    await sql`
      insert into flow_run_inputs (workspace_id, flow_run_id, key, id, value)
      values (${workspaceId}, ${id}, ${keyset.response}, ${uuidv7()}, ${input})
      on conflict (workspace_id, flow_run_id, key) do update set value = excluded.value`
    return { paused: run, responseKey: keyset.response }
  })
  if ('verdict' in looked) return looked

  const result = await engine.setFlowRunState({
    workspaceId,
    runId: id,
    state: nextState(looked.paused, ctx.nowMicros()),
    policy: 'resume',
    client,
  })
  // Resumed by somebody else, it may be reading; still paused, it will be asked for anew.
  if (result.verdict !== 'ACCEPT' && looked.responseKey !== null && result.state?.type === 'PAUSED') {
    await inWorkspace(
      ctx.db,
      workspaceId,
      (sql) => sql`
        delete from flow_run_inputs
        where workspace_id = ${workspaceId} and flow_run_id = ${id} and key = ${looked.responseKey}`,
    )
  }
  return { ...result, inputRefused: false }
}

const refused = (
  verdict: 'ABORT' | 'REJECT',
  reason: string,
  state: TransitionResult['state'],
): ResumeResult => ({
  verdict,
  reason,
  delaySeconds: 0,
  state,
  written: false,
  inputRefused: verdict === 'REJECT',
})

/** A sentence about the input, or about the schema that the run's client left; null: nothing is wrong. */
function whatIsWrong(schema: string, input: RawJson): string | null {
  try {
    JSON.parse(schema)
  } catch {
    return 'The run input schema that the run left is no JSON.'
  }
  try {
    // Safe: it was just read as JSON.
    requireValid({ noun: 'input', schema: schema as RawJson, values: input, doing: 'Reason' })
    return null
  } catch (error) {
    if (error instanceof Conflict || error instanceof BadInput) return error.message
    throw error
  }
}

/** A suspended run has no process any more: a worker has to start it again. */
function nextState({ stateDetails }: PausedRun, nowMicros: number): ProposedState {
  const suspended = stateDetails?.pause_reschedule === true
  const type: StateType = suspended ? 'SCHEDULED' : 'RUNNING'
  const details: StateDetails = suspended ? { scheduled_time: formatInstant(nowMicros) } : {}
  return { type, name: suspended ? 'Resuming' : 'Running', message: '', details, data: null }
}

/** Where the run left its schema, and where it looks for the answer; as the client wrote it, so it is looked at closely. */
function readKeyset(details: StateDetails | null): { schema: string; response: string } | null {
  const keyset = details?.run_input_keyset
  if (typeof keyset !== 'object' || keyset === null) return null
  const { schema, response } = keyset as { schema?: unknown; response?: unknown }
  return typeof schema === 'string' && typeof response === 'string' ? { schema, response } : null
}
