import { format } from 'node:util'
import { NoRunContext } from './errors.js'
import { LEVELS, printLog } from './print-log.js'
import { currentFrame, type RunFrame } from './run-frame.js'

/** Writes log lines of a run. Further arguments are formatted as `console.log` does. */
export interface RunLogger {
  debug(message: unknown, ...more: unknown[]): void
  info(message: unknown, ...more: unknown[]): void
  warn(message: unknown, ...more: unknown[]): void
  error(message: unknown, ...more: unknown[]): void
  critical(message: unknown, ...more: unknown[]): void
}

function writeLog(frame: RunFrame | undefined, level: number, parts: unknown[]): void {
  const message = format(...parts)
  if (frame?.taskRun) frame.taskRun.log(level, message)
  else if (frame?.flowRun) frame.flowRun.log(level, message)
  else printLog(level, frame?.runName ?? 'rigel', message)
}

function loggerFor(frame: () => RunFrame | undefined): RunLogger {
  return {
    debug: (...parts) => writeLog(frame(), LEVELS.debug, parts),
    info: (...parts) => writeLog(frame(), LEVELS.info, parts),
    warn: (...parts) => writeLog(frame(), LEVELS.warning, parts),
    error: (...parts) => writeLog(frame(), LEVELS.error, parts),
    critical: (...parts) => writeLog(frame(), LEVELS.critical, parts),
  }
}

/** Logs to whichever run surrounds the call; outside a run, to stderr alone. */
export const logger: RunLogger = loggerFor(currentFrame)

/** The logger of the surrounding run, also for use in callbacks that have lost their context. Throws NoRunContext outside a run. */
export function getRunLogger(): RunLogger {
  const frame = currentFrame()
  if (!frame)
    throw new NoRunContext('getRunLogger() was called outside a flow or task; `logger` works anywhere')
  return loggerFor(() => frame)
}
