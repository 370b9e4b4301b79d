import { readEnvironment } from '../settings/environment.js'
import { isHosted } from '../settings/hosted.js'

export const LEVELS = { debug: 10, info: 20, warning: 30, error: 40, critical: 50 } as const
export type LevelName = keyof typeof LEVELS

const NAMES: Readonly<Record<number, string>> = {
  10: 'DEBUG',
  20: 'INFO',
  30: 'WARNING',
  40: 'ERROR',
  50: 'CRITICAL',
}

let lowest: number | null = null

/** Shows a log line on stderr, when RIGEL_LOG_LEVEL lets it through. stdout belongs to the user's results. */
export function printLog(level: number, about: string, message: string): void {
  // What a hosted process prints is recorded by the process above, and this line is recorded already.
  if (isHosted()) return
  lowest ??= readEnvironment().consoleLevel
  if (level < lowest) return
  const time = new Date().toTimeString().slice(0, 8)
  process.stderr.write(`${time} | ${(NAMES[level] ?? String(level)).padEnd(7)} | ${about} - ${message}\n`)
}
