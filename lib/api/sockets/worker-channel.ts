import type { Context } from '../../control/context.ts'
import { creatorOf } from '../../control/creator.ts'
import { createWorkPool } from '../../control/work-pools/create-work-pool.ts'
import { readWorkPool } from '../../control/work-pools/read-work-pool.ts'
import { updateWorkPool } from '../../control/work-pools/update-work-pool.ts'
import { listWorkQueues } from '../../control/work-queues/list-work-queues.ts'
import type { WorkPoolRow } from '../../db/rows/work-pool.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Problem } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Cleanup } from '../../engine/cleanup-desk.ts'
import { clientView } from '../client-view.ts'
import { workPoolJson } from '../work-pools/wire.ts'
import { firstFrame, type WorkspaceSocket } from './accept.ts'
import { outbound } from './outbound.ts'
import {
  CHANNEL_VERSION,
  CLEANUP_CAPABILITY,
  type CloseReason,
  closeCodes,
  type Hello,
  helloFrame,
  requiredCapabilities,
  type WorkerFrame,
  workerFrame,
} from './worker-frames.ts'

/** A pool that changes often is shown at most this often. */
const SNAPSHOT_EVERY_MS = 1_000
const MAX_QUEUES = 200

class Closing extends Error {
  constructor(readonly reason: CloseReason) {
    super(reason)
  }
}

/**
 * The channel of a worker (wire-contract §3.h): it says hello, gets its pool, then beats; it is told when its pool changes, and
 * handed what is left of runs that did not stop. Runs themselves are still asked for over HTTP.
 */
export function workerChannel(socket: WorkspaceSocket): void {
  const { ws, services, handshakeMs, params } = socket
  const close = (reason: CloseReason): void => ws.close(closeCodes[reason], reason)
  const poolName = params[0] ?? ''
  firstFrame(ws, handshakeMs, 'protocol_error', closeCodes.protocol_error, async (frame) => {
    const checked = helloFrame.safeParse(frame)
    if (!checked.success) return close('protocol_error')
    ws.pause()
    try {
      await openChannel(socket, poolName, checked.data.payload)
    } catch (error) {
      close(error instanceof Closing ? error.reason : reasonOf(error))
      if (!(error instanceof Closing || error instanceof Problem))
        services.log.error({ err: error }, 'a worker channel could not be opened')
    }
    ws.resume()
  })
}

/** What the caller may do nothing about may pass by itself. */
const reasonOf = (error: unknown): CloseReason =>
  error instanceof Problem && error.code !== 'unavailable' ? 'authorization_failed' : 'transient_server_error'

async function openChannel(socket: WorkspaceSocket, poolName: string, hello: Hello): Promise<void> {
  const { ws, services, workspaceId } = socket
  const { actor, access } = socket
  const ctx: Context = { actor, access, workspaceId, db: services.db, nowMicros: services.nowMicros }
  const client = clientView(socket.userAgent, undefined)
  if (!hello.supported_channel_versions.includes(CHANNEL_VERSION)) throw new Closing('unsupported_version')
  await findPool(socket, ctx, poolName, hello)
  const queues = await resolveQueues(ctx, poolName, hello.work_queue_names)
  const beat = (seconds: number, metadata: string | null): Promise<string> =>
    services.work.presence.beat({
      workspaceId,
      poolName,
      name: hello.worker_name,
      heartbeatIntervalSeconds: seconds,
      clientVersion: client.clientVersion,
      metadata,
      createdBy: creatorOf(socket.actor),
    })
  const metadata = hello.worker_metadata ? JSON.stringify(hello.worker_metadata) : null
  const workerId = await beat(hello.heartbeat_interval_seconds, metadata).catch((error: unknown) => {
    throw error instanceof Problem ? error : new Closing('heartbeat_persistence_failed')
  })
  // Read after the beat, which may have made it ready.
  let pool = await readWorkPool(ctx, poolName)

  const write = outbound(ws)
  const send = (type: string, payload: string): void =>
    write(
      `{"id":"${uuidv7()}","sent_at":"${formatInstant(services.nowMicros())}","type":"${type}","payload":${payload}}`,
    )
  const wantsCleanups =
    hello.requested_capabilities.includes(CLEANUP_CAPABILITY) && hello.handled_cleanup_kinds.length > 0
  const capacity = wantsCleanups ? (hello.max_cleanup_concurrency ?? 1) : 0
  const accepted = [...requiredCapabilities, ...(capacity > 0 ? [CLEANUP_CAPABILITY] : [])]
  let sequence = 1
  const snapshot = (reason: string): string =>
    `{"snapshot_sequence":${sequence++},"reason":"${reason}","work_pool":${workPoolJson(pool, { client })}}`
  const ready = JSON.stringify({
    consumer_id: hello.consumer_id,
    worker_id: workerId,
    selected_channel_version: CHANNEL_VERSION,
    effective_heartbeat_interval_seconds: hello.heartbeat_interval_seconds,
    accepted_capabilities: accepted,
    rejected_capabilities: [...new Set(hello.requested_capabilities)].filter(
      (name) => !accepted.includes(name),
    ),
    effective_max_cleanup_concurrency: capacity,
    resolved_work_queues: queues,
  })
  send('worker.ready.v1', `${ready.slice(0, -1)},"initial_snapshot":${snapshot('initial')}}`)

  const stopWatching = watchPool(ctx, services, poolName, pool, (changed) => {
    pool = changed
    send('work_pool.snapshot.v1', snapshot('updated'))
  })
  const leaveDesk =
    capacity > 0
      ? services.work.cleanups.enter({
          workspaceId,
          workPoolId: pool.id,
          kinds: hello.handled_cleanup_kinds,
          capacity,
          deliver: (cleanup) => send('cleanup.message.v1', cleanupPayload(cleanup)),
        })
      : () => {}
  ws.once('close', () => {
    stopWatching()
    leaveDesk()
  })
  ws.on('ping', (data) => ws.pong(data))
  ws.on('message', (data) => {
    const close = (reason: CloseReason): void => ws.close(closeCodes[reason], reason)
    const frame = parsed(String(data))
    if (!frame) return close('protocol_error')
    if (frame.type === 'worker.heartbeat.v1') {
      const { worker_name, heartbeat_interval_seconds } = frame.payload
      if (worker_name !== hello.worker_name) return close('protocol_error')
      beat(heartbeat_interval_seconds, null).catch((error: unknown) =>
        close(
          error instanceof Problem && error.code === 'not-found'
            ? 'authorization_failed'
            : 'heartbeat_persistence_failed',
        ),
      )
      return
    }
    if (capacity === 0) return close('protocol_error')
    operate(socket, frame)
      .then((result) => send('cleanup.operation_result.v1', JSON.stringify(result)))
      .catch(() => close('transient_server_error'))
  })
}

function parsed(text: string): WorkerFrame | null {
  try {
    return workerFrame.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

/** The pool must be there, unless the worker may make it; a pool without a template gets the worker's. */
async function findPool(
  { services }: WorkspaceSocket,
  ctx: Context,
  poolName: string,
  hello: Hello,
): Promise<void> {
  // Safe: it has just been made.
  const template = JSON.stringify(hello.default_base_job_template) as RawJson
  const pool = await readWorkPool(ctx, poolName).catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'not-found' && hello.create_pool_if_not_found) return null
    throw error
  })
  if (pool === null) {
    await createWorkPool(ctx, services.engine, {
      name: poolName,
      type: hello.worker_type,
      description: null,
      baseJobTemplate: template,
      isPaused: false,
      concurrencyLimit: null,
      storageConfiguration: {},
    }).catch((error: unknown) => {
      // Another worker was faster.
      if (!(error instanceof Problem && error.code === 'conflict')) throw error
    })
  } else if (pool.baseJobTemplate === '{}' && template !== '{}') {
    await updateWorkPool(ctx, services.engine, poolName, { baseJobTemplate: template })
  }
}

async function resolveQueues(
  ctx: Context,
  poolName: string,
  names: readonly string[],
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  const wanted = [...new Set(names)]
  const filter = wanted.length > 0 ? { name: { any_: wanted } } : null
  const rows = await listWorkQueues(ctx, { poolName, filter, limit: MAX_QUEUES, offset: 0 })
  if (wanted.length > 0 && rows.length < Math.min(wanted.length, MAX_QUEUES))
    throw new Closing('authorization_failed')
  return rows.map(({ id, name }) => ({ id, name }))
}

/** Calls back when something of the pool changed that a worker goes by. Answers what stops it. */
function watchPool(
  ctx: Context,
  services: WorkspaceSocket['services'],
  poolName: string,
  first: WorkPoolRow,
  onChange: (pool: WorkPoolRow) => void,
): () => void {
  const traits = ({
    baseJobTemplate,
    concurrencyLimit,
    isPaused,
    storageConfiguration,
  }: WorkPoolRow): string =>
    JSON.stringify([baseJobTemplate, concurrencyLimit, isPaused, storageConfiguration])
  let seen = traits(first)
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const look = async (): Promise<void> => {
    const pool = await readWorkPool(ctx, poolName)
    const now = traits(pool)
    if (stopped || now === seen) return
    seen = now
    onChange(pool)
  }
  let lookedAt = Number.NEGATIVE_INFINITY
  const stop = services.work.due.onForgotten((workspaceId) => {
    if (timer || (workspaceId !== null && workspaceId !== ctx.workspaceId)) return
    const waitMs = Math.max(0, lookedAt + SNAPSHOT_EVERY_MS - performance.now())
    timer = setTimeout(() => {
      timer = undefined
      lookedAt = performance.now()
      // A pool that is gone is told by the next beat.
      look().catch(() => {})
    }, waitMs)
  })
  return () => {
    stopped = true
    clearTimeout(timer)
    stop()
  }
}

const cleanupPayload = (cleanup: Cleanup): string =>
  JSON.stringify({
    message_id: cleanup.id,
    reservation_token: cleanup.token,
    lease_expires_at: cleanup.reservedUntil,
    delivery_count: cleanup.deliveries,
    work_queue_id: cleanup.workQueueId,
    kind: cleanup.kind,
    target: cleanup.target,
    data: {},
  })

const operations = {
  'cleanup.ack.v1': 'ack',
  'cleanup.release.v1': 'release',
  'cleanup.renew.v1': 'renew',
} as const
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

async function operate(
  { services, workspaceId }: WorkspaceSocket,
  frame: Exclude<WorkerFrame, { type: 'worker.heartbeat.v1' }>,
): Promise<object> {
  const { message_id: id, reservation_token: token } = frame.payload
  const { cleanups } = services.work
  const asked = { request_frame_id: frame.id, message_id: id, operation: operations[frame.type] }
  const refused = { ...asked, status: 'not_current', reason: 'stale_reservation' }
  if (!UUID.test(token)) return refused
  switch (frame.type) {
    case 'cleanup.ack.v1':
      return (await cleanups.done(workspaceId, id, token)) ? { ...asked, status: 'accepted' } : refused
    case 'cleanup.release.v1':
      return (await cleanups.giveBack(workspaceId, id, token)) ? { ...asked, status: 'accepted' } : refused
    case 'cleanup.renew.v1': {
      const until = await cleanups.renew(workspaceId, id, token)
      return until === null ? refused : { ...asked, status: 'accepted', lease_expires_at: until }
    }
  }
}
