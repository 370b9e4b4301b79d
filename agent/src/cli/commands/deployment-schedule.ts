import { openWorkspace } from '../../connection/open-workspace.js'
import { textOf } from '../../record/fields.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { confirm, YES } from '../confirm.js'
import { describeSchedule, findDeployment } from '../deployment.js'
import { printJson, printResult, table, tell } from '../output.js'

export const ls: Command = {
  usage: 'deployment schedule ls DEPLOYMENT [--json]',
  summary: 'Lists the schedules of a deployment.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [1, 1],
  run: async (call) => {
    const { fullName, schedules } = await findDeployment(await openWorkspace(), call.words[0] ?? '')
    if (call.flag('json')) return printJson(schedules)
    if (schedules.length === 0) return tell(`${fullName} has no schedule`)
    printResult(
      table(
        ['SCHEDULE', 'ACTIVE', 'SLUG', 'PARAMETERS', 'ID'],
        schedules.map((each) => [
          describeSchedule(each),
          each.active === false ? 'no' : 'yes',
          textOf(each.slug) || '-',
          JSON.stringify(each.parameters ?? {}),
          textOf(each.id),
        ]),
      ),
    )
  },
}

export const remove: Command = {
  usage: 'deployment schedule delete DEPLOYMENT ID|SLUG [--yes]',
  summary: 'Deletes a schedule, with the runs that it has scheduled and that have not begun.',
  options: { yes: YES },
  words: [2, 2],
  run: async (call) => {
    const [reference = '', wanted = ''] = call.words
    const api = await openWorkspace()
    const { id, fullName, schedules } = await findDeployment(api, reference)
    const found = schedules.find((each) => each.id === wanted || each.slug === wanted)
    if (!found) {
      throw new CliError(
        `${fullName} has no schedule "${wanted}"`,
        `rigel deployment schedule ls ${fullName}`,
      )
    }
    await confirm(call, `Delete the schedule "${describeSchedule(found)}" of ${fullName}?`)
    await api.delete(`deployments/${id}/schedules/${textOf(found.id)}`)
    tell(`Deleted the schedule "${describeSchedule(found)}" of ${fullName}`)
  },
}
