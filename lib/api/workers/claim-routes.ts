import { z } from 'zod'
import { beatClaims } from '../../control/workers/beat-claims.ts'
import { claimRuns } from '../../control/workers/claim-runs.ts'
import { formatInstant } from '../../domain/time.ts'
import { capabilities } from '../../domain/work/language.ts'
import { deploymentAnswer, deploymentJson } from '../deployments/wire.ts'
import { flowRunAnswer } from '../flow-runs/responses.ts'
import { flowRunJson } from '../flow-runs/wire.ts'
import { route } from '../route.ts'
import { objectName, uuid } from '../schemas.ts'

// Rigel's own way to take work: a claim moves the run to Pending and names its holder, in one step.

const tag = 'Workers'
const run = { in: 'workspace', scope: 'run_flows' } as const
const ofPool = z.object({ name: z.string().max(500) })
const claimSeconds = z.number().min(15).max(300).default(45)

const claim = route({
  method: 'POST',
  path: '/work_pools/{name}/claim',
  permission: run,
  summary: 'Claim due runs of a work pool, waiting for them if need be',
  tag,
  params: ofPool,
  body: z.object({
    worker_name: objectName,
    work_queue_names: z.array(z.string().max(500)).max(1_000).optional(),
    /** In what its flows are written, by the file of their entrypoints. What cannot be told goes to everyone. */
    runs: z.enum(capabilities).default('any'),
    limit: z.int().min(1).max(100).default(1),
    /** Answered at the latest after so long. */
    wait_seconds: z.number().min(0).max(30).default(0),
    /** How long a claim is good without a beat. */
    claim_seconds: claimSeconds,
    /** Runs that the worker stops already: it is not told again. */
    known_cancelling: z.array(uuid).max(1_000).default([]),
  }),
  success: {
    200: z
      .object({
        claims: z.array(
          z.object({
            flow_run: flowRunAnswer,
            token: z.uuid(),
            expires_at: z.iso.datetime(),
            deployment: deploymentAnswer.nullable(),
          }),
        ),
        cancelling: z.array(z.uuid()),
      })
      .meta({ id: 'Claims' }),
  },
  errors: [404],
  handle: async ({ ctx, params, body, client, services, actor, workspaceId, gone }) => {
    const ended = new AbortController()
    const end = (): void => ended.abort()
    // Who does not wait cannot be revoked meanwhile.
    const waits = body.wait_seconds > 0
    const stops = waits
      ? [services.onShutdown(end), services.identity.onRevoked(actor, workspaceId, end)]
      : []
    const isGone = gone()
    isGone.addEventListener('abort', end, { once: true })
    try {
      const { claims, cancelling } = await claimRuns(ctx, services, {
        poolName: params.name,
        workerName: body.worker_name,
        queueNames: body.work_queue_names?.length ? body.work_queue_names : null,
        runs: body.runs,
        limit: body.limit,
        waitSeconds: body.wait_seconds,
        claimSeconds: body.claim_seconds,
        knownCancelling: body.known_cancelling,
        client,
        signal: isGone,
        waitSignal: ended.signal,
      })
      const now = services.nowMicros()
      const items = claims.map(
        ({ run, token, expiresMicros, deployment }) =>
          `{"token":"${token}","expires_at":"${formatInstant(expiresMicros)}","flow_run":${flowRunJson(run, now)},"deployment":${
            deployment ? deploymentJson(deployment) : 'null'
          }}`,
      )
      return {
        status: 200,
        rawJson: `{"claims":[${items.join(',')}],"cancelling":${JSON.stringify(cancelling)}}`,
      }
    } finally {
      for (const stop of stops) stop()
    }
  },
})

const beat = route({
  method: 'POST',
  path: '/work_pools/{name}/beat',
  permission: run,
  summary: "Keep a worker's claims alive",
  tag,
  params: ofPool,
  body: z.object({
    worker_name: objectName,
    claim_seconds: claimSeconds,
    claims: z.array(z.object({ flow_run_id: uuid, token: uuid })).max(1_000),
  }),
  success: {
    200: z
      .object({
        cancelling: z.array(z.uuid()),
        lost: z.array(z.object({ flow_run_id: z.uuid(), reason: z.string() })),
      })
      .meta({ id: 'ClaimBeats' }),
  },
  errors: [404],
  handle: async ({ ctx, params, body, client, services }) => {
    const { cancelling, lost } = await beatClaims(ctx, services, {
      poolName: params.name,
      workerName: body.worker_name,
      claimSeconds: body.claim_seconds,
      claims: body.claims.map(({ flow_run_id, token }) => ({ runId: flow_run_id, token })),
      client,
    })
    return {
      status: 200,
      json: { cancelling, lost: lost.map(({ runId, reason }) => ({ flow_run_id: runId, reason })) },
    }
  },
})

export const claimRoutes = [claim, beat]
