const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Why a base job template cannot be used; null when it can. `{}` stands for "the worker knows"; any other has the
 * configuration of a job, with `{{ name }}` where a variable goes, and the schema of these variables.
 */
export function problemOfBaseJobTemplate(template: Readonly<Record<string, unknown>>): string | null {
  if (Object.keys(template).length === 0) return null
  const { job_configuration: configuration, variables } = template
  if (configuration === undefined || variables === undefined) {
    return 'The base_job_template must be empty, or have both a job_configuration and variables.'
  }
  if (!isObject(configuration)) return 'The job_configuration of the base_job_template must be an object.'
  if (!isObject(variables)) return 'The variables of the base_job_template must be the schema of an object.'
  const { type = 'object' } = variables
  if (![type].flat().includes('object'))
    return `The variables of the base_job_template must be the schema of an object, not of ${JSON.stringify(type).slice(0, 200)}: set variables.type to "object".`
  const properties = variables.properties ?? {}
  if (!isObject(properties)) return 'The properties of the base_job_template’s variables must be an object.'
  const missing = [...namesIn(configuration)].filter((name) => !Object.hasOwn(properties, name))
  if (missing.length > 0) {
    return `The job_configuration of the base_job_template uses ${listed(missing)}, which its variables do not declare: add each to variables.properties.`
  }
  const outside = outerReference(variables)
  return outside === null
    ? null
    : `The variables of the base_job_template refer to ${JSON.stringify(outside.slice(0, 200))}; a $ref may only point into the schema itself, as in "#/definitions/Name".`
}

const listed = (names: readonly string[]): string => {
  const shown = names.slice(0, 5).map((name) => `{{ ${name.slice(0, 100)} }}`)
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ')
}

/** What stands between double braces anywhere in keys and values. */
function namesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === 'string') {
    let open = value.indexOf('{{')
    while (open >= 0) {
      const close = value.indexOf('}}', open + 2)
      if (close < 0) break
      found.add(value.slice(open + 2, close).trim())
      open = value.indexOf('{{', close + 2)
    }
  } else if (Array.isArray(value)) {
    for (const item of value) namesIn(item, found)
  } else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      namesIn(key, found)
      namesIn(member, found)
    }
  }
  return found
}

/** The first reference out of the schema. A default may name a block document by its id, in an object: that is no reference of JSON Schema. */
function outerReference(value: unknown): string | null {
  if (Array.isArray(value)) return firstOf(value, outerReference)
  if (!isObject(value)) return null
  return firstOf(Object.entries(value), ([key, member]) =>
    (key === '$ref' || key === '$dynamicRef' || key === '$recursiveRef') &&
    typeof member === 'string' &&
    !member.startsWith('#')
      ? member
      : outerReference(member),
  )
}

function firstOf<Item>(items: readonly Item[], find: (item: Item) => string | null): string | null {
  for (const item of items) {
    const found = find(item)
    if (found !== null) return found
  }
  return null
}
