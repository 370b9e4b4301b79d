import type { ClientView } from '../../domain/orchestration/decide.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import type { Work } from '../work/create-work.ts'

export interface BeatClaims {
  readonly poolName: string
  readonly workerName: string
  readonly claimSeconds: number
  readonly claims: readonly { readonly runId: string; readonly token: string }[]
  readonly client: ClientView
}

export interface BeatAnswers {
  /** Runs that are to stop. */
  readonly cancelling: readonly string[]
  /** Runs that the worker no longer has. */
  readonly lost: readonly { readonly runId: string; readonly reason: string }[]
}

/** Keeps a worker's claims alive. Throws NotFound when there is no such pool. */
export async function beatClaims(
  ctx: Context,
  { engine, work }: { readonly engine: Engine; readonly work: Work },
  { poolName, workerName, claimSeconds, claims, client }: BeatClaims,
): Promise<BeatAnswers> {
  requireScope(ctx, 'write_workers')
  requireScope(ctx, 'run_flows')
  const { workspaceId } = ctx
  const [answers] = await Promise.all([
    Promise.all(
      claims.map(({ runId, token }) => engine.beat({ workspaceId, runId, token, seconds: claimSeconds })),
    ),
    work.presence.beat({
      workspaceId,
      poolName,
      name: workerName,
      heartbeatIntervalSeconds: null,
      clientVersion: client.clientVersion,
      metadata: null,
      createdBy: creatorOf(ctx.actor),
    }),
  ])
  const told = claims.map(({ runId }, i) => ({ runId, answer: answers[i] }))
  return {
    cancelling: told.flatMap(({ runId, answer }) => (answer?.held && answer.stop ? [runId] : [])),
    lost: told.flatMap(({ runId, answer }) =>
      answer && !answer.held ? [{ runId, reason: answer.reason }] : [],
    ),
  }
}
