import { openWorkspace } from '../../connection/open-workspace.js'
import { fieldsOf, listOf, textOf } from '../../record/fields.js'
import { usageError } from '../cli-error.js'
import type { Command, CommandCall, CommandOption } from '../command.js'
import { fromNow, printJson, printResult, table, tell } from '../output.js'
import { findPool, LIMIT, limitOf, poolPath, slotsOf } from './work-pool.js'

const POOL: CommandOption = { type: 'string', short: 'p', placeholder: 'POOL', help: 'its work pool' }
const PRIORITY: CommandOption = { type: 'string', placeholder: 'N', help: '1 is served first' }

const queuePath = (pool: string, name: string): string =>
  `${poolPath(pool)}/queues/${encodeURIComponent(name)}`
const priorityOf = (call: CommandCall): number | undefined =>
  call.text('priority') === undefined ? undefined : call.count('priority', 1, [1, 2 ** 31 - 1])

export const ls: Command = {
  usage: 'work-queue ls -p POOL [--json]',
  summary: 'Lists the queues of a work pool, the most urgent first.',
  options: { pool: POOL, json: { type: 'boolean', help: 'print JSON' } },
  words: [0, 0],
  run: async (call) => {
    const pool = call.required('pool')
    const api = await openWorkspace()
    await findPool(api, pool)
    const queues = listOf(await api.post(`${poolPath(pool)}/queues/filter`, { limit: 200 })).map(fieldsOf)
    queues.sort((a, b) => Number(a.priority) - Number(b.priority))
    if (call.flag('json')) return printJson(queues)
    printResult(
      table(
        ['NAME', 'PRIORITY', 'STATUS', 'SLOTS', 'LAST POLLED', 'ID'],
        queues.map((queue) => [
          textOf(queue.name),
          String(queue.priority ?? '-'),
          textOf(queue.status) || '-',
          slotsOf(queue),
          fromNow(textOf(queue.last_polled)),
          textOf(queue.id),
        ]),
      ),
    )
  },
}

export const create: Command = {
  usage: 'work-queue create NAME -p POOL [--priority N] [--limit N]',
  summary: 'Makes a queue of a work pool.',
  options: { pool: POOL, priority: PRIORITY, limit: LIMIT },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const pool = call.required('pool')
    const [priority, limit] = [priorityOf(call), limitOf(call)]
    const api = await openWorkspace()
    await findPool(api, pool)
    const made = await api.post(`${poolPath(pool)}/queues`, {
      name,
      ...(priority !== undefined && { priority }),
      ...(limit !== undefined && { concurrency_limit: limit }),
    })
    printResult(textOf(fieldsOf(made).id))
    tell(`Made queue ${name} of work pool ${pool}. Next: rigel worker start -p ${pool} -q ${name}`)
  },
}

export const update: Command = {
  usage: 'work-queue update NAME -p POOL [--priority N] [--limit N|none]',
  summary: 'Changes a queue.',
  options: { pool: POOL, priority: PRIORITY, limit: LIMIT },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const pool = call.required('pool')
    const [priority, limit] = [priorityOf(call), limitOf(call)]
    const body = {
      ...(priority !== undefined && { priority }),
      ...(limit !== undefined && { concurrency_limit: limit }),
    }
    if (Object.keys(body).length === 0)
      throw usageError('say what to change', 'rigel work-queue update --help')
    await (await openWorkspace()).patch(queuePath(pool, name), body)
    tell(`Changed queue ${name} of work pool ${pool}`)
  },
}

const switchTo = (isPaused: boolean): Command => ({
  usage: `work-queue ${isPaused ? 'pause' : 'resume'} NAME -p POOL`,
  summary: isPaused
    ? 'Hands out nothing of a queue until it is resumed.'
    : 'Hands out runs of a queue again.',
  options: { pool: POOL },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const pool = call.required('pool')
    await (await openWorkspace()).patch(queuePath(pool, name), { is_paused: isPaused })
    const next = isPaused ? `. To go on: rigel work-queue resume ${name} -p ${pool}` : ''
    tell(`${isPaused ? 'Paused' : 'Resumed'} queue ${name} of work pool ${pool}${next}`)
  },
})
export const pause = switchTo(true)
export const resume = switchTo(false)
