import { expect, test } from 'vitest'
import type { LogChange } from '../../domain/change.ts'
import { testApi } from '../../testing/api.ts'

const api = await testApi()
const tenant = await api.tenant()
const { hub } = api.services

const follow = async (topic = 'runs') => {
  const answer = await api.app.request(`${tenant.base}/live?topic=${topic}`, {
    headers: { authorization: `Bearer ${tenant.key()}` },
  })
  const reader = answer.body?.getReader()
  if (!reader) throw new Error('no stream')
  const decoder = new TextDecoder()
  const read = async () => {
    const { value, done } = await reader.read()
    return done ? undefined : decoder.decode(value)
  }
  expect(await read()).toBe(': live\n\n')
  return { read, reader }
}

const flowRunId = '00000000-0000-4000-8000-000000000001'
const line = (message: string): LogChange => ({
  kind: 'log',
  id: message.slice(0, 20),
  flowRunId,
  taskRunId: null,
  workerId: null,
  logger: 'x',
  level: 20,
  at: '2026-01-01T00:00:00Z',
  message,
})
const publish = (message: string) => hub.publish(tenant.workspaceId, [line(message)])

test('changes come as they are made, gathered', async () => {
  const { read, reader } = await follow(`flow-run:${flowRunId}`)
  publish('one')
  publish('two')
  const text = await read()
  expect(text).toMatch(/^id: \w+:\d+\ndata: \{"type":"changes"/)
  expect(text).toContain('"one"')
  expect(text).toContain('"two"')
  await reader.cancel()
})

// A tab that was closed within the moment in which a change waits for others used to end the whole process.
test('who leaves while a change waits to be sent harms nobody', async () => {
  const gone = await follow(`flow-run:${flowRunId}`)
  const { read, reader } = await follow(`flow-run:${flowRunId}`)
  publish('last')
  await gone.reader.cancel()
  expect(await read()).toContain('"last"')
  publish('later')
  expect(await read()).toContain('"later"')
  await reader.cancel()
})

test('who reads too slowly is let go, and resumes by the cursor', async () => {
  const { read } = await follow(`flow-run:${flowRunId}`)
  const fast = await follow(`flow-run:${flowRunId}`)
  for (let n = 0; n < 7; n++) {
    publish(`${n} ${'x'.repeat(1_000_000)}`)
    expect(await fast.read()).toContain(`"${n} x`)
  }
  let messages = 0
  while ((await read()) !== undefined) messages++
  expect(messages).toBeGreaterThan(3)
  expect(messages).toBeLessThan(7)
  await fast.reader.cancel()
})
