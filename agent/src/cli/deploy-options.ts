import { relative, sep } from 'node:path'
import type { ServeOptions } from '../deploy/options.js'
import { cron, interval, rrule, type Schedule } from '../deploy/schedules.js'
import { usageError } from './cli-error.js'
import type { CommandCall, CommandOption } from './command.js'
import { PARAM, readParameters } from './parameters.js'
import type { PickedFlow } from './run-file/pick-flow.js'

/** What `rigel deploy` and `rigel serve` are told alike. */
export const DEPLOY_OPTIONS: Readonly<Record<string, CommandOption>> = {
  name: { type: 'string', short: 'n', placeholder: 'NAME', help: 'name of the deployment; default: default' },
  cron: {
    type: 'string',
    multiple: true,
    placeholder: 'TEXT',
    help: 'a schedule such as "0 9 * * 1-5"; may be repeated',
  },
  interval: {
    type: 'string',
    multiple: true,
    placeholder: 'SECONDS',
    help: 'a schedule: every so many seconds',
  },
  rrule: {
    type: 'string',
    multiple: true,
    placeholder: 'RULE',
    help: 'a schedule such as "FREQ=DAILY;BYHOUR=6"',
  },
  timezone: {
    type: 'string',
    placeholder: 'ZONE',
    help: 'of the schedules, such as Europe/Berlin; default UTC',
  },
  param: PARAM,
  tag: { type: 'string', multiple: true, placeholder: 'TAG', help: 'a tag; may be repeated' },
  description: { type: 'string', placeholder: 'TEXT', help: 'what it does' },
  'on-lost': {
    type: 'string',
    placeholder: 'POLICY',
    help: 'what becomes of a run whose worker is lost: crash (default) or reschedule',
  },
}

export function readDeployOptions(
  call: CommandCall,
  flow: PickedFlow & { readonly file: string },
): ServeOptions {
  const schedules = readSchedules(call)
  const tags = call.texts('tag')
  const parameters = readParameters(call.texts('param'))
  const description = call.text('description')
  const onLost = call.text('on-lost')
  if (onLost !== undefined && onLost !== 'crash' && onLost !== 'reschedule') {
    throw usageError(`--on-lost takes crash or reschedule, not "${onLost}"`)
  }
  const within = relative(process.cwd(), flow.file)
  return {
    name: call.text('name') ?? 'default',
    ...(schedules.length > 0 && { schedules }),
    ...(tags.length > 0 && { tags }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(description !== undefined && { description }),
    ...(onLost !== undefined && { onLost }),
    ...(!within.startsWith('..') && { entrypoint: `${within.split(sep).join('/')}:${flow.name}` }),
  }
}

function readSchedules(call: CommandCall): Schedule[] {
  const timezone = call.text('timezone')
  const options = timezone === undefined ? {} : { timezone }
  return [
    ...call.texts('cron').map((text) => cron(text, options)),
    ...call.texts('interval').map((text) => interval(Number(text), options)),
    ...call.texts('rrule').map((text) => rrule(text, options)),
  ]
}
