import { z } from 'zod'
import { rawItems } from '../../domain/raw-json.ts'
import { route } from '../route.ts'
import { eventBody, newEvent } from './event.ts'

const createEvents = route({
  method: 'POST',
  path: '/events',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Store events',
  tag: 'Events',
  body: z.array(eventBody).max(1_000),
  text: 'replace',
  success: { 204: null },
  handle: async ({ body, rawBody, workspaceId, services }) => {
    const texts = rawItems(rawBody)
    await services.engine.receiveEvents(
      workspaceId,
      body.map((event, i) => newEvent(event, texts[i] ?? '{}')),
    )
    return { status: 204 }
  },
})

export const eventWriteRoutes = [createEvents]
