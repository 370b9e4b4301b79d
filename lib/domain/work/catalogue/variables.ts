/** A worker type as the catalogue of the wire has it. */
export interface WorkerType {
  readonly type: string
  readonly display_name: string
  readonly description: string
  readonly documentation_url: string
  readonly install_command: string
  readonly logo_url: string
  readonly is_beta: boolean
  readonly is_push_pool: boolean
  readonly default_base_job_configuration: Template | Record<string, never>
}

export interface Template {
  readonly job_configuration: Json
  readonly variables: Json
}

export type Json = { readonly [name: string]: unknown }

const acronyms = new Set([
  'cpu',
  'gpu',
  'id',
  'ids',
  'vpc',
  'arn',
  'ttl',
  'sku',
  'dns',
  'aws',
  'aci',
  'ip',
  'gb',
])

/** `vpc_id` → `VPC ID`. */
const titleOf = (name: string): string =>
  name
    .split('_')
    .map((word) => (acronyms.has(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(' ')

/** The schema of a template's variables; each gets the title that its name makes. */
export const schemaOf = (
  properties: Readonly<Record<string, Json>>,
  { required, definitions }: { readonly required?: readonly string[]; readonly definitions?: Json } = {},
): Json => ({
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, { title: titleOf(name), ...schema }]),
  ),
  ...(required ? { required } : {}),
  ...(definitions ? { definitions } : {}),
})

export const text = (description: string, more: Json = {}): Json => ({ type: 'string', description, ...more })
export const whole = (description: string, more: Json = {}): Json => ({
  type: 'integer',
  description,
  ...more,
})
export const number = (description: string, more: Json = {}): Json => ({
  type: 'number',
  description,
  ...more,
})
export const flag = (description: string, more: Json = {}): Json => ({
  type: 'boolean',
  description,
  ...more,
})
export const texts = (description: string, more: Json = {}): Json => ({
  type: 'array',
  items: { type: 'string' },
  description,
  ...more,
})
export const map = (description: string): Json => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
})
export const object = (description: string): Json => ({ type: 'object', description })

/** A block document of a type, chosen by the user. */
export const block = (definition: string, description: string): Json => ({
  allOf: [{ $ref: `#/definitions/${definition}` }],
  description,
})

export const blockDefinition = (title: string, slug: string, properties: Json): Json => ({
  title,
  type: 'object',
  properties,
  block_type_slug: slug,
  block_schema_references: {},
})

/** What every worker takes. */
export const common = {
  name: text('What the infrastructure of a run is called. The name of the run, unless given.'),
  env: map('Environment variables that the run is started with.'),
  labels: map('Labels put on the infrastructure of a run, for finding it again.'),
  command: text('What starts the run. Leave it empty unless the image needs another way.'),
} as const

/** `{command: "{{ command }}", …}`: each variable under its own name. */
export const asIs = (...names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, `{{ ${name} }}`]))

export const commonAsIs = asIs('command', 'env', 'labels', 'name')

export const streamOutput = (isDefault: boolean): Json =>
  flag('Whether what the run prints appears where the worker runs, too.', { default: isDefault })

export const startTimeout = (seconds: number): Json =>
  whole('Seconds that the infrastructure may take to start before the run counts as crashed.', {
    default: seconds,
  })

export const watchInterval = number('Seconds between looks at how the run is doing.', { default: 5.0 })
