import { openWorkspace } from '../../connection/open-workspace.js'
import type { WorkspaceApi } from '../../connection/workspace-api.js'
import { type Fields, fieldsOf, listOf, textOf } from '../../record/fields.js'
import { PROCESS_TEMPLATE } from '../../worker/job-template.js'
import { CliError, usageError } from '../cli-error.js'
import type { Command, CommandCall, CommandOption } from '../command.js'
import { confirm, YES } from '../confirm.js'
import { factList, fromNow, printJson, printResult, table, tell } from '../output.js'

export const poolPath = (name: string): string => `work_pools/${encodeURIComponent(name)}`

export async function findPool(api: WorkspaceApi, name: string): Promise<Fields> {
  const found = await api.find(poolPath(name))
  if (found === null)
    throw new CliError(`there is no work pool "${name}" in this workspace`, 'rigel work-pool ls')
  return fieldsOf(found)
}

export const slotsOf = ({ concurrency_limit: limit, active_slots: active }: Fields): string =>
  limit === null || limit === undefined ? '-' : `${active ?? 0} of ${limit}`

export const ls: Command = {
  usage: 'work-pool ls [--json]',
  summary: 'Lists work pools.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [0, 0],
  run: async (call) => {
    const api = await openWorkspace()
    const pools = listOf(await api.post('work_pools/filter', { limit: 200 })).map(fieldsOf)
    if (call.flag('json')) return printJson(pools)
    if (pools.length === 0) return tell('There are no work pools. To make one: rigel work-pool create NAME')
    printResult(
      table(
        ['NAME', 'TYPE', 'STATUS', 'SLOTS', 'ID'],
        pools.map((pool) => [
          textOf(pool.name),
          textOf(pool.type),
          textOf(pool.status) || '-',
          slotsOf(pool),
          textOf(pool.id),
        ]),
      ),
    )
  },
}

export const inspect: Command = {
  usage: 'work-pool inspect NAME [--json]',
  summary: 'Shows one work pool with its queues and workers.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const name = call.words[0] ?? ''
    const pool = await findPool(api, name)
    if (call.flag('json')) return printJson(pool)
    const queues = listOf(await api.post(`${poolPath(name)}/queues/filter`, { limit: 200 })).map(fieldsOf)
    const workers = listOf(await api.post(`${poolPath(name)}/workers/filter`, { limit: 200 })).map(fieldsOf)
    printResult(
      factList([
        ['name', name],
        ['id', textOf(pool.id)],
        ['type', textOf(pool.type)],
        ['status', textOf(pool.status) || '-'],
        ['slots', slotsOf(pool)],
        ['description', textOf(pool.description) || '-'],
        ...queues.map((queue): [string, string] => [
          'queue',
          `${textOf(queue.name)}, priority ${queue.priority}, ${textOf(queue.status) || '-'}, slots ${slotsOf(queue)}`,
        ]),
        ...workers.map((worker): [string, string] => [
          'worker',
          `${textOf(worker.name)}, ${textOf(worker.status)}, seen ${fromNow(textOf(worker.last_heartbeat_time))}`,
        ]),
      ]),
    )
    if (workers.length === 0) tell(`No worker has served it yet. To start one: rigel worker start -p ${name}`)
  },
}

export const create: Command = {
  usage: 'work-pool create NAME [--type TYPE] [--limit N] [--description TEXT] [--paused]',
  summary: 'Makes a work pool.',
  options: {
    type: { type: 'string', placeholder: 'TYPE', help: 'default process, which Rigel agents serve' },
    limit: { type: 'string', placeholder: 'N', help: 'most runs at a time; default: no limit' },
    description: { type: 'string', placeholder: 'TEXT', help: 'what it is for' },
    paused: { type: 'boolean', help: 'hand out nothing until it is resumed' },
  },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const type = call.text('type') ?? 'process'
    const limit = call.text('limit') === undefined ? undefined : call.count('limit', 0, [0, 2 ** 31 - 1])
    const description = call.text('description')
    const api = await openWorkspace()
    const made = await api.post('work_pools/', {
      name,
      type,
      ...(type === 'process' && { base_job_template: PROCESS_TEMPLATE }),
      ...(limit !== undefined && { concurrency_limit: limit }),
      ...(description !== undefined && { description }),
      ...(call.flag('paused') && { is_paused: true }),
    })
    printResult(textOf(fieldsOf(made).id))
    tell(`Made work pool ${name}. Next: rigel worker start -p ${name}`)
  },
}

export const LIMIT: CommandOption = {
  type: 'string',
  placeholder: 'N',
  help: 'most runs at a time; "none" takes the limit away',
}

/** The limit that was asked for; null: none; undefined: nothing was said. */
export function limitOf(call: CommandCall): number | null | undefined {
  const text = call.text('limit')
  if (text === undefined) return undefined
  return text === 'none' ? null : call.count('limit', 0, [0, 2 ** 31 - 1])
}

export const update: Command = {
  usage: 'work-pool update NAME [--limit N|none] [--description TEXT]',
  summary: 'Changes a work pool.',
  options: { limit: LIMIT, description: { type: 'string', placeholder: 'TEXT', help: 'what it is for' } },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const [limit, description] = [limitOf(call), call.text('description')]
    const body = {
      ...(limit !== undefined && { concurrency_limit: limit }),
      ...(description !== undefined && { description }),
    }
    if (Object.keys(body).length === 0)
      throw usageError('say what to change', 'rigel work-pool update --help')
    const api = await openWorkspace()
    await findPool(api, name)
    await api.patch(poolPath(name), body)
    tell(`Changed work pool ${name}`)
  },
}

const switchTo = (isPaused: boolean): Command => ({
  usage: `work-pool ${isPaused ? 'pause' : 'resume'} NAME`,
  summary: isPaused
    ? 'Hands out nothing of a work pool until it is resumed.'
    : 'Hands out runs of a work pool again.',
  options: {},
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const [name = ''] = call.words
    await findPool(api, name)
    await api.patch(poolPath(name), { is_paused: isPaused })
    tell(
      isPaused
        ? `Paused work pool ${name}. To go on: rigel work-pool resume ${name}`
        : `Resumed work pool ${name}`,
    )
  },
})
export const pause = switchTo(true)
export const resume = switchTo(false)

export const remove: Command = {
  usage: 'work-pool delete NAME [--yes]',
  summary: 'Deletes a work pool with its queues; deployments that use it lose it.',
  options: { yes: YES },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const [name = ''] = call.words
    await findPool(api, name)
    await confirm(call, `Delete work pool ${name} with its queues? Its deployments will have none.`)
    await api.delete(poolPath(name))
    tell(`Deleted work pool ${name}`)
  },
}
