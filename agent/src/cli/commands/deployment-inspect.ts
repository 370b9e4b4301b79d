import { openWorkspace } from '../../connection/open-workspace.js'
import { textOf } from '../../record/fields.js'
import type { Command } from '../command.js'
import { describeSchedule, findDeployment } from '../deployment.js'
import { listFlowRuns } from '../flow-run.js'
import { factList, fromNow, localTime, printJson, printResult } from '../output.js'

export const command: Command = {
  usage: 'deployment inspect DEPLOYMENT [--json]',
  summary: 'Shows one deployment, by flow/name, name or id, with its next runs.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const row = await findDeployment(api, call.words[0] ?? '')
    if (call.flag('json')) return printJson(row.raw)
    const next = await listFlowRuns(api, {
      deployments: { id: { any_: [row.id] } },
      flow_runs: { state: { type: { any_: ['SCHEDULED'] } } },
      sort: 'EXPECTED_START_TIME_ASC',
      limit: 3,
    })
    const { raw } = row
    const plain = (value: unknown) => textOf(value) || '-'
    printResult(
      factList([
        ['name', row.fullName],
        ['id', row.id],
        ['status', row.isPaused ? 'PAUSED: nothing is scheduled until it is resumed' : row.status],
        ['work pool', row.workPool ? `${row.workPool} (queue ${plain(raw.work_queue_name)})` : '- (served)'],
        ['entrypoint', plain(raw.entrypoint)],
        ['path', plain(raw.path)],
        ['version', plain(raw.version)],
        ['tags', row.tags.join(', ') || '-'],
        ['parameters', JSON.stringify(raw.parameters ?? {})],
        ['last polled', fromNow(textOf(raw.last_polled))],
        ...row.schedules.map((each): [string, string] => [
          'schedule',
          `${describeSchedule(each)}${each.active === false ? ' (paused)' : ''}`,
        ]),
        ...next.map(({ raw: { expected_start_time: at }, name }): [string, string] => [
          'next run',
          `${localTime(textOf(at))} (${fromNow(textOf(at))}) ${name}`,
        ]),
      ]),
    )
  },
}
