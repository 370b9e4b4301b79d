import { z } from 'zod'
import { rawItems } from '../../domain/raw-json.ts'
import { route } from '../route.ts'
import { eventBody, newEvent, quickEvent } from './event.ts'

const MAX_EVENTS = 1_000

const createEvents = route({
  method: 'POST',
  path: '/events',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Store events',
  tag: 'Events',
  body: z.array(eventBody).max(MAX_EVENTS),
  quickBody: (value) => {
    if (!Array.isArray(value) || value.length > MAX_EVENTS) return null
    const events = value.map(quickEvent)
    return events.every((event) => event !== null) ? events : null
  },
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
