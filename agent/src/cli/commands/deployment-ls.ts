import { openWorkspace } from '../../connection/open-workspace.js'
import type { Command } from '../command.js'
import { describeSchedule, listDeployments } from '../deployment.js'
import { printJson, printResult, table, tell } from '../output.js'

export const command: Command = {
  usage: 'deployment ls [--flow NAME] [--pool POOL] [--limit N] [--json]',
  summary: 'Lists deployments by name.',
  options: {
    flow: { type: 'string', placeholder: 'NAME', help: 'only of this flow' },
    pool: { type: 'string', placeholder: 'POOL', help: 'only of this work pool' },
    limit: { type: 'string', placeholder: 'N', help: 'at most so many (1 to 200, default 50)' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  words: [0, 0],
  run: async (call) => {
    const flow = call.text('flow')
    const pool = call.text('pool')
    const limit = call.count('limit', 50, [1, 200])
    const rows = await listDeployments(await openWorkspace(), {
      limit,
      ...(flow !== undefined && { flows: { name: { any_: [flow] } } }),
      ...(pool !== undefined && { work_pools: { name: { any_: [pool] } } }),
    })
    if (call.flag('json')) return printJson(rows.map((row) => row.raw))
    if (rows.length === 0) {
      return tell('There are no such deployments. To make one: flow.deploy({ name, workPool }) in your code')
    }
    const scheduleOf = ({ schedules }: (typeof rows)[number]) => {
      const active = schedules.filter((each) => each.active !== false)
      const [first] = active
      return first
        ? `${describeSchedule(first)}${active.length > 1 ? ` and ${active.length - 1} more` : ''}`
        : '-'
    }
    printResult(
      table(
        ['NAME', 'STATUS', 'SCHEDULE', 'WORK POOL', 'TAGS', 'ID'],
        rows.map((row) => [
          row.fullName,
          row.isPaused ? 'PAUSED' : row.status,
          scheduleOf(row),
          row.workPool ?? '-',
          row.tags.join(', ') || '-',
          row.id,
        ]),
      ),
    )
    if (rows.length === limit) tell(`The first ${limit}; for more: --limit`)
  },
}
