import { resolve } from 'node:path'
import { ON_LOST_LABEL } from '../deploy/deploy-flow.js'
import { splitEntrypoint } from '../deploy/entrypoint.js'
import { type Fields, fieldsOf, textOf } from '../record/fields.js'
import type { Job } from './child-protocol.js'
import { configure } from './job-template.js'

/** A run that was claimed, with all that is needed to execute it here. */
export interface Work {
  readonly job: Omit<Job, 'host'>
  readonly env: Readonly<Record<string, string>>
  readonly streamOutput: boolean
  /** As stored; null when the run has none. */
  readonly empiricalPolicy: Fields
}

export interface Claim {
  readonly flowRun: Fields
  readonly token: string | null
  /** Empty when it was deleted meanwhile. */
  readonly deployment: Fields
}

/** Throws Error, with a sentence for the run's state, when this machine cannot execute it. */
export function workOf({ flowRun, token, deployment }: Claim, baseJobTemplate: Fields): Work {
  if (textOf(deployment.id) === '') throw new Error('its deployment was deleted')
  const entrypoint = textOf(deployment.entrypoint)
  if (!/\.[cm]?[jt]sx?$/.test(splitEntrypoint(entrypoint).file)) {
    throw new Error(
      `a Rigel agent runs flows from JavaScript and TypeScript files, and the entrypoint is "${entrypoint}"`,
    )
  }
  const configuration = configure(baseJobTemplate, deployment.job_variables, flowRun.job_variables)
  const policy = fieldsOf(flowRun.empirical_policy)
  const wished =
    policy.on_lost ?? fieldsOf(flowRun.labels)[ON_LOST_LABEL] ?? fieldsOf(deployment.labels)[ON_LOST_LABEL]
  return {
    job: {
      flowRunId: textOf(flowRun.id),
      name: textOf(flowRun.name),
      token,
      claimedAt: textOf(fieldsOf(flowRun.state).timestamp),
      parameters: fieldsOf(flowRun.parameters),
      entrypoint,
      directory: resolve(textOf(configuration.working_dir) || textOf(deployment.path) || '.'),
      onLost: wished === 'reschedule' ? 'reschedule' : 'crash',
    },
    env: textsOf(configuration.env),
    streamOutput: configuration.stream_output !== false,
    empiricalPolicy: policy,
  }
}

export const isPython = (entrypoint: string): boolean => /\.py(:|$)/.test(entrypoint)

const textsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fieldsOf(value)).flatMap(([name, each]) =>
      each === null || each === undefined
        ? []
        : [[name, typeof each === 'string' ? each : JSON.stringify(each)]],
    ),
  )
