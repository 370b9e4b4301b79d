import type { DeploymentRow } from '../../db/rows/deployment.ts'
import type { ClientView } from '../../domain/orchestration/decide.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Capability } from '../../domain/work/language.ts'
import type { ClaimedRun } from '../../engine/claims.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { readDeployment } from '../deployments/read-deployment.ts'
import type { Work } from '../work/create-work.ts'

export interface ClaimRuns {
  readonly poolName: string
  readonly workerName: string
  /** null: all queues of the pool. */
  readonly queueNames: readonly string[] | null
  /** What the worker can run: it gets nothing else. */
  readonly runs: Capability
  readonly limit: number
  readonly waitSeconds: number
  /** How long a claim is good without a beat. */
  readonly claimSeconds: number
  readonly knownCancelling: readonly string[]
  readonly client: ClientView
  /** When the worker is gone, what was claimed for it goes back. */
  readonly signal: AbortSignal
  /** Ends the wait, for this or another reason. */
  readonly waitSignal: AbortSignal
}

export interface ClaimedRuns {
  readonly claims: readonly (ClaimedRun & { readonly deployment: DeploymentRow | null })[]
  /** Runs of this worker that are to stop, beyond those it knows. */
  readonly cancelling: readonly string[]
}

/**
 * Hands due runs of a pool to a worker, each with a token that only its holder has, and tells it which of its runs are to stop.
 * Waits until there is something to tell. Throws NotFound when there is no such pool.
 */
export async function claimRuns(
  ctx: Context,
  { engine, work }: { readonly engine: Engine; readonly work: Work },
  input: ClaimRuns,
): Promise<ClaimedRuns> {
  requireScope(ctx, 'write_workers')
  requireScope(ctx, 'run_flows')
  const { workspaceId } = ctx
  const { poolName, workerName, client, signal } = input
  const workerId = await work.presence.beat({
    workspaceId,
    poolName,
    name: workerName,
    heartbeatIntervalSeconds: null,
    clientVersion: client.clientVersion,
    // So that it can be told why a run waits although workers are there.
    metadata: `{"runs":"${input.runs}"}`,
    createdBy: creatorOf(ctx.actor),
  })
  const { claims, stops } = await work.desk.ask({
    workspaceId,
    poolName,
    queueNames: input.queueNames,
    runs: input.runs,
    limit: input.limit,
    holder: { type: 'agent', id: workerId, name: workerName },
    claimSeconds: input.claimSeconds,
    client,
    waitMs: input.waitSeconds * 1_000,
    knownStops: input.knownCancelling,
    signal: input.waitSignal,
  })
  const takeBack = (): void => giveBack(ctx, engine, claims, client)
  if (signal.aborted) takeBack()
  else signal.addEventListener('abort', takeBack, { once: true })
  const deployments = await deploymentsOf(ctx, claims)
  return {
    claims: claims.map((claim) => ({
      ...claim,
      deployment: deployments.get(claim.run.deploymentId ?? '') ?? null,
    })),
    cancelling: stops,
  }
}

/** Whoever claimed them never heard of it: they wait for the next one, as before. */
function giveBack(ctx: Context, engine: Engine, claims: readonly ClaimedRun[], client: ClientView): void {
  for (const { run, token } of claims) {
    engine
      .setFlowRunState({
        workspaceId: ctx.workspaceId,
        runId: run.id,
        state: {
          type: 'SCHEDULED',
          name: 'Scheduled',
          message: 'Claimed by a worker that went away before it heard of it.',
          details: {
            claim_token: token,
            ...(run.expectedStartAt === null ? {} : { scheduled_time: run.expectedStartAt }),
          },
          data: null,
        },
        policy: 'core',
        client,
      })
      // Its claim runs out, then.
      .catch(() => {})
  }
}

async function deploymentsOf(
  ctx: Context,
  claims: readonly ClaimedRun[],
): Promise<ReadonlyMap<string, DeploymentRow>> {
  const ids = [...new Set(claims.flatMap(({ run }) => run.deploymentId ?? []))]
  const rows = await Promise.all(
    ids.map((id) =>
      readDeployment(ctx, id).catch((error: unknown) => {
        // Deleted just now; the run goes on without.
        if (error instanceof NotFound) return null
        throw error
      }),
    ),
  )
  return new Map(rows.flatMap((row) => (row ? [[row.id, row] as const] : [])))
}
