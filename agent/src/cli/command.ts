import { parseArgs } from 'node:util'
import { usageError } from './cli-error.js'

export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** What stands for the value in the help text. */
  readonly placeholder?: string
  readonly help: string
}

/** One command of `rigel`. Its module is loaded only when it is called. */
export interface Command {
  /** Without the leading `rigel`. */
  readonly usage: string
  readonly summary: string
  readonly details?: string
  readonly options: Readonly<Record<string, CommandOption>>
  /** At least and at most so many words after the command. */
  readonly words: readonly [least: number, most: number]
  /** Throws CliError when it cannot be done. */
  readonly run: (call: CommandCall) => Promise<void>
}

export class CommandCall {
  constructor(
    readonly words: readonly string[],
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  text(option: string): string | undefined {
    const value = this.values[option]
    return typeof value === 'string' ? value : undefined
  }

  /** Throws a usage error when it was not given. */
  required(option: string): string {
    const value = this.text(option)
    if (value === undefined || value === '') throw usageError(`--${option} is needed`)
    return value
  }

  texts(option: string): readonly string[] {
    const value = this.values[option]
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
  }

  flag(option: string): boolean {
    return this.values[option] === true
  }

  /** A whole number between the bounds. Throws a usage error for anything else. */
  count(option: string, fallback: number, [least, most]: readonly [number, number]): number {
    const text = this.text(option)
    if (text === undefined) return fallback
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    throw usageError(`--${option} takes a whole number from ${least} to ${most}, not "${text}"`)
  }
}

/** The call that the words on the command line mean; null when help is asked for. Throws a usage error. */
export function parseCall(command: Command, args: readonly string[]): CommandCall | null {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short && { short }), ...(multiple && { multiple }) },
    ]),
  )
  const help = `rigel ${command.usage.split(/ [[A-Z-]/)[0]} --help`
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    throw usageError(plainly((error as Error).message), help)
  }
  if (parsed.values.help === true) return null
  const [least, most] = command.words
  const { length } = parsed.positionals
  if (length < least || length > most) throw usageError(`usage: rigel ${command.usage}`, help)
  return new CommandCall(parsed.positionals, parsed.values)
}

/** parseArgs explains at length how to pass what nobody wants to pass. */
const plainly = (message: string): string => {
  const first = message.split('. To specify')[0] ?? message
  return first.charAt(0).toLowerCase() + first.slice(1)
}

export function helpText(command: Command): string {
  const rows = Object.entries({
    ...command.options,
    help: { type: 'boolean', short: 'h', help: 'show this text' } satisfies CommandOption,
  } as Record<string, CommandOption>).map(([name, option]) => {
    const value = option.type === 'string' ? ` ${option.placeholder ?? 'TEXT'}` : ''
    return [`${option.short ? `-${option.short}, ` : '    '}--${name}${value}`, option.help] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  const list = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
  const details = command.details ? `\n${command.details}\n` : ''
  return `Usage: rigel ${command.usage}\n\n${command.summary}\n${details}\n${list}\n`
}
