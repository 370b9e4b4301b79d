import { homedir } from 'node:os'
import { join } from 'node:path'

/** What the environment says. The only file of the agent that reads it. */
export interface Environment {
  /** Where profile and outbox live: RIGEL_HOME, else `~/.rigel`. */
  readonly home: string
  readonly apiKey: string | undefined
  readonly apiUrl: string | undefined
  /** Lowest level that is printed on stderr (10 debug … 50 critical); RIGEL_LOG_LEVEL, default info. */
  readonly consoleLevel: number
  /** How long a process waits at its end for what is not yet acknowledged: RIGEL_DRAIN_SECONDS, default 10. */
  readonly drainSeconds: number
  /** Command that opens a web page: BROWSER; `none` opens nothing. */
  readonly browser: string | undefined
}

const LEVELS: Readonly<Record<string, number>> = {
  debug: 10,
  info: 20,
  warning: 30,
  warn: 30,
  error: 40,
  critical: 50,
  none: 100,
}

export function readEnvironment(source: NodeJS.ProcessEnv = process.env): Environment {
  const text = (name: string): string | undefined => source[name]?.trim() || undefined
  const seconds = Number(text('RIGEL_DRAIN_SECONDS') ?? Number.NaN)
  return {
    home: text('RIGEL_HOME') ?? join(homedir(), '.rigel'),
    apiKey: text('RIGEL_API_KEY'),
    apiUrl: text('RIGEL_API_URL'),
    consoleLevel: LEVELS[text('RIGEL_LOG_LEVEL')?.toLowerCase() ?? 'info'] ?? 20,
    drainSeconds: Number.isFinite(seconds) && seconds >= 0 ? seconds : 10,
    browser: text('BROWSER'),
  }
}

/** What a child process gets of our environment: all of it, but not what Node was told about this process alone. */
export function inheritedVariables(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const { NODE_CHANNEL_FD, NODE_UNIQUE_ID, ...rest } = source
  return rest
}
