import { openWorkspace } from '../../connection/open-workspace.js'
import { fieldsOf, listOf, textOf } from '../../record/fields.js'
import type { Command } from '../command.js'
import { fromNow, printJson, printResult, table, tell } from '../output.js'

export const command: Command = {
  usage: 'worker ls [-p POOL] [--json]',
  summary: 'Lists workers and when they were last seen.',
  options: {
    pool: { type: 'string', short: 'p', placeholder: 'POOL', help: 'only of this work pool' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  words: [0, 0],
  run: async (call) => {
    const api = await openWorkspace()
    const wanted = call.text('pool')
    const pools =
      wanted === undefined
        ? listOf(await api.post('work_pools/filter', { limit: 200 })).map((pool) =>
            textOf(fieldsOf(pool).name),
          )
        : [wanted]
    const rows = await Promise.all(
      pools.map(async (pool) => {
        const path = `work_pools/${encodeURIComponent(pool)}/workers/filter`
        const workers = listOf(await api.post(path, { limit: 200 })).map(fieldsOf)
        return workers.map((worker) => ({ pool, worker }))
      }),
    )
    const all = rows.flat()
    if (call.flag('json'))
      return printJson(all.map(({ pool, worker }) => ({ ...worker, work_pool_name: pool })))
    if (all.length === 0) return tell('There are no workers. To start one: rigel worker start -p POOL')
    printResult(
      table(
        ['NAME', 'WORK POOL', 'STATUS', 'LAST SEEN', 'VERSION'],
        all.map(({ pool, worker }) => [
          textOf(worker.name),
          pool,
          textOf(worker.status),
          fromNow(textOf(worker.last_heartbeat_time)),
          textOf(worker.client_version) || '-',
        ]),
      ),
    )
  },
}
