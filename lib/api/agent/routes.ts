import { z } from 'zod'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { applyRecords, numberedRecords } from './records.ts'

const framesAnswer = z.object({
  ack: z.number().int(),
  replies: z.array(z.looseObject({ type: z.enum(['refused', 'verdict', 'cancel']) })),
})

/** For agents behind proxies that block websockets: the same records, acknowledged by the answer. */
const postFrames = route({
  method: 'POST',
  path: '/agent/frames',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Report records of an agent',
  tag: 'Agent',
  body: z.looseObject({ outboxId: uuid, records: numberedRecords }),
  text: 'replace',
  success: { 200: framesAnswer },
  handle: async ({ body, ctx, services }) => {
    const replies = await applyRecords(ctx, services.engine, body.records)
    const ack = body.records.reduce((highest, { seq }) => Math.max(highest, seq), 0)
    return { status: 200, json: { ack, replies } }
  },
})

export const agentRoutes = [postFrames]
