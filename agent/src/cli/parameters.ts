import { usageError } from './cli-error.js'
import type { CommandOption } from './command.js'

export const PARAM: CommandOption = {
  type: 'string',
  short: 'p',
  multiple: true,
  placeholder: 'KEY=VALUE',
  help: 'a parameter; may be repeated',
}

/** `KEY=VALUE` pairs; a value is read as JSON, and as text when it is none. */
export function readParameters(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw usageError(`--param takes KEY=VALUE, not "${pair}"`)
      return [pair.slice(0, at), readValue(pair.slice(at + 1))]
    }),
  )
}

export function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
