import { expect, test } from 'vitest'
import { testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()

test('lines that a worker writes about itself are found by the worker, and by nobody else', async () => {
  const us = await tenant()
  const them = await tenant()
  await call(us, 'POST', '/work_pools/', { name: 'pool', type: 'process' })
  const beat = (name: string) =>
    call(us, 'POST', '/work_pools/pool/workers/heartbeat', { name, return_id: true })
  const [wren, robin] = [(await beat('wren')).text, (await beat('robin')).text]
  const line = (message: string, worker: string | null) => ({
    name: worker === null ? 'prefect.flow_runs' : 'prefect.workers',
    level: 20,
    message,
    timestamp: new Date().toISOString(),
    worker_id: worker,
  })
  const sent = await call(us, 'POST', '/logs/', [line('a', wren), line('b', robin), line('c', null)])
  expect(sent.status).toBeLessThan(300)
  const found = async (logs: object, who = us) =>
    (await call(who, 'POST', '/logs/filter', { logs })).json
      .map((row: { message: string }) => row.message)
      .sort()
  expect(await found({ worker_id: { any_: [wren] } })).toEqual(['a'])
  expect(await found({ worker_id: { not_any_: [wren] } })).toEqual(['b'])
  expect(await found({ worker_id: { is_null_: false } })).toEqual(['a', 'b'])
  expect(await found({ worker_id: { is_null_: true } })).toEqual(['c'])
  expect(await found({ loggers: { any_: ['prefect.workers'] } })).toEqual(['a', 'b'])
  expect(await found({ worker_id: { any_: [wren] } }, them)).toEqual([])
  const [row] = (await call(us, 'POST', '/logs/filter', { logs: { worker_id: { any_: [wren] } } })).json
  expect(row).toMatchObject({ worker_id: wren, flow_run_id: null, name: 'prefect.workers' })
})
