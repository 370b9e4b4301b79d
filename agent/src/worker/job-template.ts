import { type Fields, fieldsOf } from '../record/fields.js'

const VARIABLE = /\{\{\s*([\w.-]+)\s*\}\}/g
const LONE_VARIABLE = /^\{\{\s*([\w.-]+)\s*\}\}$/

/**
 * The configuration of a run's process: the work pool's template with its variables filled in: their defaults, then the
 * deployment's, then the run's. Without a template the variables are the configuration.
 */
export function configure(baseJobTemplate: Fields, ...given: readonly unknown[]): Fields {
  const properties = fieldsOf(fieldsOf(baseJobTemplate.variables).properties)
  const defaults = Object.entries(properties).flatMap(([name, property]) => {
    const { default: value } = fieldsOf(property)
    return value === undefined ? [] : [[name, value] as const]
  })
  const variables: Fields = Object.assign(Object.fromEntries(defaults), ...given.map(fieldsOf))
  const configuration = fieldsOf(baseJobTemplate.job_configuration)
  if (Object.keys(configuration).length === 0) return variables
  return fieldsOf(fill(configuration, variables))
}

function fill(value: unknown, variables: Fields): unknown {
  if (typeof value === 'string') return fillText(value, variables)
  if (Array.isArray(value)) return value.map((each) => fill(each, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, variables)]))
}

/** Not what every object inherits, such as `constructor`. */
const memberOf = (variables: Fields, name: string): unknown =>
  Object.hasOwn(variables, name) ? variables[name] : undefined

/** A text that is one variable becomes its value, of whatever type; what is not known becomes nothing. */
function fillText(text: string, variables: Fields): unknown {
  const [, lone] = LONE_VARIABLE.exec(text) ?? []
  if (lone !== undefined) return memberOf(variables, lone) ?? null
  return text.replace(VARIABLE, (_, name: string) => {
    const value = memberOf(variables, name)
    return value === undefined || value === null
      ? ''
      : typeof value === 'string'
        ? value
        : JSON.stringify(value)
  })
}

/** What a pool is made with by `rigel worker start --create-pool`: the variables of a process. */
export const PROCESS_TEMPLATE = {
  job_configuration: {
    env: '{{ env }}',
    working_dir: '{{ working_dir }}',
    stream_output: '{{ stream_output }}',
  },
  variables: {
    type: 'object',
    properties: {
      env: {
        title: 'Environment variables',
        description: 'Set for the process of a run, beside those of the worker.',
        type: 'object',
        additionalProperties: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      },
      working_dir: {
        title: 'Working directory',
        description: "Where the process starts. Default: the deployment's path.",
        type: 'string',
      },
      stream_output: {
        title: 'Stream output',
        description: 'Whether what the process prints is shown in the terminal of the worker too.',
        type: 'boolean',
        default: true,
      },
    },
  },
} as const
