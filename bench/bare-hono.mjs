// The HTTP shell alone: Hono on the adapter that Rigel uses, answering the shapes of Rigel's answers. Prints its port.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const run = {
  id: '0199c0de-0000-7000-8000-000000000000',
  flow_id: '0199c0de-0000-7000-8000-000000000001',
  name: 'r',
  parameters: { x: 1 },
  tags: [],
  labels: { 'prefect.flow.id': '0199c0de-0000-7000-8000-000000000001' },
  state: { id: '0199c0de-0000-7000-8000-000000000002', type: 'PENDING', name: 'Pending', message: '' },
  ...Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`member_${i}`, null])),
}
const app = new Hono()
const prefix = '/api/accounts/:account/workspaces/:workspace'
app.post(`${prefix}/flow_runs/:id/set_state`, async (c) => {
  const { state } = await c.req.json()
  return c.json({ state: { ...state, id: c.req.param('id') }, status: 'ACCEPT', details: {} })
})
app.get(`${prefix}/flow_runs/:id`, (c) => c.json(run))
app.post(`${prefix}/logs/`, async (c) => {
  await c.req.json()
  return c.body(null, 201)
})

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  process.stdout.write(`${JSON.stringify({ port })}\n`),
)
