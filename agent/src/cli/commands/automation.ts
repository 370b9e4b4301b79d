import { openWorkspace } from '../../connection/open-workspace.js'
import type { WorkspaceApi } from '../../connection/workspace-api.js'
import { type Fields, fieldsOf, listOf, textOf } from '../../record/fields.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { confirm, YES } from '../confirm.js'
import { factList, localTime, printJson, printResult, table, tell } from '../output.js'

const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

/** By its id, or by its name where only one has it. */
async function findAutomation(api: WorkspaceApi, which: string): Promise<Fields> {
  const notThere = new CliError(`there is no automation "${which}" in this workspace`, 'rigel automation ls')
  if (isId(which)) {
    const found = await api.find(`automations/${which}`)
    if (found === null) throw notThere
    return fieldsOf(found)
  }
  const found = listOf(
    await api.post('automations/filter', { automations: { name: { any_: [which] } }, limit: 2 }),
  )
  if (found.length > 1)
    throw new CliError(
      `several automations are called "${which}"; say which by its id`,
      'rigel automation ls',
    )
  if (found.length === 0) throw notThere
  return fieldsOf(found[0])
}

const statusOf = ({ enabled }: Fields): string => (enabled === true ? 'enabled' : 'paused')

/** `when order.* comes 3 times within 60 s`. */
function waitsFor(given: unknown): string {
  const trigger = fieldsOf(given)
  const parts = listOf(trigger.triggers).map(waitsFor)
  const within = typeof trigger.within === 'number' && trigger.within > 0 ? ` within ${trigger.within} s` : ''
  if (trigger.type === 'sequence') return `${parts.join(', then ')}${within}`
  if (trigger.type === 'compound') return `${String(trigger.require)} of (${parts.join('; ')})${within}`
  const names = (list: unknown): string => listOf(list).map(textOf).join(' or ')
  const expected = names(trigger.expect) || 'any event'
  const times = trigger.threshold === 1 ? '' : ` ${String(trigger.threshold)} times`
  const after = listOf(trigger.after).length > 0 ? ` after ${names(trigger.after)}` : ''
  const each = listOf(trigger.for_each).length > 0 ? `, for each ${names(trigger.for_each)}` : ''
  return `${expected}${trigger.posture === 'Proactive' ? ' not' : ''}${times}${within}${after}${each}`
}

export const ls: Command = {
  usage: 'automation ls [--json]',
  summary: 'Lists automations.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [0, 0],
  run: async (call) => {
    const api = await openWorkspace()
    const automations = listOf(await api.post('automations/filter', { limit: 200 })).map(fieldsOf)
    if (call.flag('json')) return printJson(automations)
    if (automations.length === 0) return tell('There are no automations.')
    printResult(
      table(
        ['NAME', 'STATUS', 'WAITS FOR', 'DOES', 'ID'],
        automations.map((automation) => [
          textOf(automation.name),
          statusOf(automation),
          shorten(waitsFor(automation.trigger)),
          shorten(actionsOf(automation)),
          textOf(automation.id),
        ]),
      ),
    )
  },
}

const shorten = (text: string): string => (text.length > 50 ? `${text.slice(0, 49)}…` : text)
const actionsOf = ({ actions }: Fields): string =>
  listOf(actions)
    .map((action) => textOf(fieldsOf(action).type))
    .join(', ') || '-'

export const inspect: Command = {
  usage: 'automation inspect NAME|ID [--json]',
  summary: 'Shows one automation, and what it did lately.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const automation = await findAutomation(api, call.words[0] ?? '')
    if (call.flag('json')) return printJson(automation)
    const id = textOf(automation.id)
    const page = fieldsOf(
      await api.post('events/filter', {
        filter: {
          resource: { id: [`prefect.automation.${id}`] },
          event: { prefix: ['prefect.automation.'] },
        },
        limit: 10,
      }),
    )
    const actions = listOf(automation.actions).map((action): [string, string] => {
      const { type, ...more } = fieldsOf(action)
      const said = Object.entries(more).filter(([, value]) => value !== null)
      return [
        'does',
        [textOf(type), ...said.map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join(' '),
      ]
    })
    printResult(
      factList([
        ['name', textOf(automation.name)],
        ['id', id],
        ['status', statusOf(automation)],
        ['description', textOf(automation.description) || '-'],
        ['owned by', textOf(automation.owner_resource) || '-'],
        ['waits for', waitsFor(automation.trigger)],
        ...actions,
        ...listOf(page.events).map((each): [string, string] => {
          const event = fieldsOf(each)
          const { reason, action_type: action } = fieldsOf(event.payload)
          const what = textOf(event.event).replace('prefect.automation.', '')
          const more = [textOf(action), textOf(reason)].filter(Boolean).join(': ')
          return ['lately', `${localTime(textOf(event.occurred))} ${what}${more ? ` (${more})` : ''}`]
        }),
      ]),
    )
  },
}

const switcher = (word: 'pause' | 'resume', summary: string): Command => ({
  usage: `automation ${word} NAME|ID`,
  summary,
  options: {},
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const { id, name } = await findAutomation(api, call.words[0] ?? '')
    await api.patch(`automations/${textOf(id)}`, { enabled: word === 'resume' })
    tell(`${word === 'pause' ? 'Paused' : 'Resumed'} automation ${textOf(name)}`)
  },
})

export const pause = switcher('pause', 'Lets an automation rest: what it counted is forgotten.')
export const resume = switcher('resume', 'Lets a paused automation wait for events again.')

export const remove: Command = {
  usage: 'automation delete NAME|ID [--yes]',
  summary: 'Deletes an automation.',
  options: { yes: YES },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const { id, name } = await findAutomation(api, call.words[0] ?? '')
    await confirm(call, `Delete automation ${textOf(name)}?`)
    await api.delete(`automations/${textOf(id)}`)
    tell(`Deleted automation ${textOf(name)}`)
  },
}
