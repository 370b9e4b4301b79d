import { openWorkspace } from '../../connection/open-workspace.js'
import type { WorkspaceApi } from '../../connection/workspace-api.js'
import { type Fields, fieldsOf, listOf, textOf } from '../../record/fields.js'
import { CliError, usageError } from '../cli-error.js'
import type { Command } from '../command.js'
import { confirm, YES } from '../confirm.js'
import { factList, fromNow, localTime, printJson, printResult, table, tell } from '../output.js'

const pathOf = (name: string): string => `v2/concurrency_limits/${encodeURIComponent(name)}`

async function findLimit(api: WorkspaceApi, name: string): Promise<Fields> {
  const found = await api.find(pathOf(name))
  if (found === null) throw new CliError(`there is no limit "${name}" in this workspace`, 'rigel limit ls')
  return fieldsOf(found)
}

export const ls: Command = {
  usage: 'limit ls [--json]',
  summary: 'Lists concurrency limits with the slots that are taken.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [0, 0],
  run: async (call) => {
    const api = await openWorkspace()
    const limits = listOf(await api.post('v2/concurrency_limits/filter', { limit: 200 })).map(fieldsOf)
    if (call.flag('json')) return printJson(limits)
    if (limits.length === 0) return tell('There are no limits. To make one: rigel limit create NAME SLOTS')
    printResult(
      table(
        ['NAME', 'TAKEN', 'SLOTS', 'ACTIVE', 'DECAY', 'ID'],
        limits.map((limit) => [
          textOf(limit.name),
          String(limit.active_slots ?? 0),
          String(limit.limit ?? 0),
          limit.active === false ? 'no' : 'yes',
          Number(limit.slot_decay_per_second) > 0 ? `${limit.slot_decay_per_second}/s` : '-',
          textOf(limit.id),
        ]),
      ),
    )
  },
}

export const inspect: Command = {
  usage: 'limit inspect NAME [--json]',
  summary: 'Shows one limit, who holds its slots, and who waits for them.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const [name = ''] = call.words
    const limit = await findLimit(api, name)
    const [holders = [], waiters = []] = await Promise.all(
      ['slots', 'waiters'].map(async (list) =>
        listOf(await api.find(`${pathOf(name)}/${list}`)).map(fieldsOf),
      ),
    )
    if (call.flag('json')) return printJson({ ...limit, slots: holders, waiters })
    printResult(
      factList([
        ['name', textOf(limit.name)],
        ['id', textOf(limit.id)],
        ['slots', `${limit.active_slots ?? 0} of ${limit.limit ?? 0} taken`],
        ['active', limit.active === false ? 'no: it holds nobody back' : 'yes'],
        ['decay', `${limit.slot_decay_per_second ?? 0} slots a second come back by themselves`],
        ['denied', `${limit.denied_slots ?? 0} slots were asked for in vain`],
      ]),
    )
    printWho(
      ['SLOTS', 'HELD BY', 'SINCE', 'UNTIL'],
      holders.map(({ until, ...who }) => [who, until ? when(until) : 'given back']),
    )
    printWho(
      ['SLOTS', 'WAITING', 'SINCE', 'TAKES THEM'],
      waiters.map(({ asks_again: again, ...who }) => [who, again ? when(again) : 'when they are free']),
    )
  },
}

/** A table of those who have slots, or want some; nothing of nobody. */
function printWho(heads: readonly string[], rows: readonly (readonly [who: Fields, until: string])[]): void {
  if (rows.length === 0) return
  printResult('')
  printResult(
    table(
      heads,
      rows.map(([{ slots, holder, since }, until]) => [
        String(slots ?? 1),
        holderOf(fieldsOf(holder)),
        when(since),
        until,
      ]),
    ),
  )
}

const when = (at: unknown): string => `${localTime(textOf(at))} (${fromNow(textOf(at))})`

const holderOf = ({ type, name, id }: Fields): string =>
  [textOf(type).replaceAll('_', ' '), textOf(name), textOf(id)].filter((part) => part !== '').join(' ')

export const create: Command = {
  usage: 'limit create NAME SLOTS [--decay PER_SECOND] [--inactive]',
  summary: 'Makes a limit: so many holders at a time or, with --decay, so many in a second.',
  details: 'A limit named tag:NAME holds back task runs with that tag.',
  options: {
    decay: {
      type: 'string',
      placeholder: 'PER_SECOND',
      help: 'slots that come back by themselves each second',
    },
    inactive: { type: 'boolean', help: 'make it, but let it hold nobody back yet' },
  },
  words: [2, 2],
  run: async (call) => {
    const [name = '', slots = ''] = call.words
    const made = await (await openWorkspace()).post('v2/concurrency_limits/', {
      name,
      limit: slotsOf(slots),
      ...(call.text('decay') !== undefined && { slot_decay_per_second: decayOf(call.text('decay')) }),
      ...(call.flag('inactive') && { active: false }),
    })
    printResult(textOf(fieldsOf(made).id))
    tell(`Made limit ${name} of ${slots} slots`)
  },
}

export const update: Command = {
  usage: 'limit update NAME [--slots N] [--decay PER_SECOND] [--active | --inactive]',
  summary: 'Changes a limit.',
  options: {
    slots: { type: 'string', placeholder: 'N', help: 'how many slots it has' },
    decay: {
      type: 'string',
      placeholder: 'PER_SECOND',
      help: 'slots that come back by themselves each second',
    },
    active: { type: 'boolean', help: 'let it hold back again' },
    inactive: { type: 'boolean', help: 'let it hold nobody back' },
  },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const [slots, decay] = [call.text('slots'), call.text('decay')]
    const body = {
      ...(slots !== undefined && { limit: slotsOf(slots) }),
      ...(decay !== undefined && { slot_decay_per_second: decayOf(decay) }),
      ...(call.flag('active') && { active: true }),
      ...(call.flag('inactive') && { active: false }),
    }
    if (Object.keys(body).length === 0) throw usageError('say what to change', 'rigel limit update --help')
    const api = await openWorkspace()
    await findLimit(api, name)
    await api.patch(pathOf(name), body)
    tell(`Changed limit ${name}`)
  },
}

export const remove: Command = {
  usage: 'limit delete NAME [--yes]',
  summary: 'Deletes a limit; who holds its slots goes on.',
  options: { yes: YES },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const api = await openWorkspace()
    await findLimit(api, name)
    await confirm(call, `Delete limit ${name}?`)
    await api.delete(pathOf(name))
    tell(`Deleted limit ${name}`)
  },
}

function slotsOf(text: string): number {
  const slots = Number(text)
  if (text !== '' && Number.isSafeInteger(slots) && slots >= 0) return slots
  throw usageError(`a limit has a whole number of slots, not "${text}"`)
}

function decayOf(text: string | undefined): number {
  const decay = Number(text)
  if (text !== '' && Number.isFinite(decay) && decay >= 0) return decay
  throw usageError(`--decay takes a number of slots a second, not "${text}"`)
}
