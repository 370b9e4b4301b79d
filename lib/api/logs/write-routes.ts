import { z } from 'zod'
import { route } from '../route.ts'
import { logLines, quickLogLines } from './log-lines.ts'

const createLogs = route({
  method: 'POST',
  path: '/logs/',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Store log lines',
  tag: 'Logs',
  body: logLines,
  quickBody: quickLogLines,
  // One odd character must not lose its neighbours.
  text: 'replace',
  maxBytes: 10 * 1024 * 1024,
  success: { 201: z.null() },
  handle: async ({ body, workspaceId, services }) => {
    await services.engine.writeLogs(workspaceId, body)
    return { status: 201, rawJson: 'null' }
  },
})

export const logWriteRoutes = [createLogs]
