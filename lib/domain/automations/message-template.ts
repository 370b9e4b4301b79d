/** What `{braces}` of a policy's message may name, and what stands there in the template of its automation. */
const names = {
  flow_id: '{{ flow.id }}',
  flow_name: '{{ flow.name }}',
  flow_run_id: '{{ flow_run.id }}',
  flow_run_name: '{{ flow_run.name }}',
  flow_run_notification_policy_id: '{{ automation.id }}',
  flow_run_parameters: '{{ flow_run.parameters | tojson }}',
  flow_run_state_message: '{{ flow_run.state.message }}',
  flow_run_state_name: '{{ flow_run.state.name }}',
  flow_run_state_timestamp: '{{ flow_run.state.timestamp }}',
  flow_run_state_type: '{{ flow_run.state.type }}',
  flow_run_url: '{{ flow_run | ui_url }}',
} as const satisfies Record<string, string>

export const messageNames = Object.keys(names) as readonly (keyof typeof names)[]

/** Braces, doubled ones first: those stand for themselves. */
const part = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g

/**
 * A message with names in `{braces}`, as policies of 2.x have it, as the template of an automation. Throws an Error that says what
 * cannot be filled in.
 */
export const jinjaOfMessage = (message: string): string =>
  message.replace(part, (whole, name: string | undefined) => {
    if (whole === '{{') return literal('{')
    if (whole === '}}') return literal('}')
    if (name === undefined) throw new Error(`a single ${whole} stands for nothing: double it to send it`)
    if (!Object.hasOwn(names, name))
      throw new Error(`{${name}} is not known here; known are ${messageNames.join(', ')}`)
    return names[name as keyof typeof names]
  })

/** A brace of the message that could be read as one of the template. */
const literal = (brace: '{' | '}'): string => `{{ "${brace}" }}`
