import { z } from 'zod'
import { cleanupKinds } from '../../engine/cleanup-desk.ts'
import { instant, jsonObject, objectName, uuid } from '../schemas.ts'

export const CHANNEL_VERSION = 'work_pool_worker_channel.v1'
export const requiredCapabilities = ['worker_heartbeat.v1', 'work_pool_snapshot.v1'] as const
export const CLEANUP_CAPABILITY = 'cleanup_delivery.v1'

/** Why a channel is closed; the worker decides by the reason whether to come back. */
export const closeCodes = {
  authorization_failed: 1008,
  unsupported_version: 1008,
  protocol_error: 1002,
  heartbeat_persistence_failed: 1011,
  transient_server_error: 1011,
} as const
export type CloseReason = keyof typeof closeCodes

const word = z.string().min(1).max(1_000)
const words = z.array(word).max(1_000)
const seconds = z.int().min(1).max(2_147_483_647)
const frame = <Type extends string, Payload extends z.ZodType>(type: Type, payload: Payload) =>
  z.strictObject({ id: uuid, sent_at: instant, type: z.literal(type), payload })

export const helloFrame = frame(
  'worker.hello.v1',
  z
    .strictObject({
      consumer_id: uuid,
      worker_name: objectName,
      worker_type: z.string().min(1).max(200),
      heartbeat_interval_seconds: seconds,
      supported_channel_versions: words.min(1),
      requested_capabilities: words.min(1),
      work_queue_names: words.default([]),
      handled_cleanup_kinds: z.array(z.enum(cleanupKinds)).max(10).default([]),
      max_cleanup_concurrency: z.int().min(0).max(1_000).optional(),
      create_pool_if_not_found: z.boolean().default(false),
      default_base_job_template: jsonObject.default({}),
      worker_metadata: jsonObject.nullish(),
    })
    .refine((hello) => requiredCapabilities.every((name) => hello.requested_capabilities.includes(name)), {
      message: `must ask for ${requiredCapabilities.join(' and ')}`,
    })
    .refine(
      (hello) =>
        hello.requested_capabilities.includes(CLEANUP_CAPABILITY) ||
        (hello.handled_cleanup_kinds.length === 0 && !hello.max_cleanup_concurrency),
      { message: `cleanups need ${CLEANUP_CAPABILITY}` },
    ),
)
export type Hello = z.output<typeof helloFrame>['payload']

const operation = { message_id: uuid, reservation_token: z.string().min(1).max(200) }

/** What a worker says after its hello. */
export const workerFrame = z.discriminatedUnion('type', [
  frame(
    'worker.heartbeat.v1',
    z.strictObject({ consumer_id: uuid, worker_name: objectName, heartbeat_interval_seconds: seconds }),
  ),
  frame('cleanup.ack.v1', z.strictObject(operation)),
  frame('cleanup.renew.v1', z.strictObject(operation)),
  frame('cleanup.release.v1', z.strictObject({ ...operation, reason: z.string().min(1).max(10_000) })),
])
export type WorkerFrame = z.output<typeof workerFrame>
