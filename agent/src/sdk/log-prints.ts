import { format } from 'node:util'
import { isHosted } from '../settings/hosted.js'
import { LEVELS } from './print-log.js'
import { currentFrame } from './run-frame.js'

const METHODS = {
  debug: LEVELS.debug,
  log: LEVELS.info,
  info: LEVELS.info,
  warn: LEVELS.warning,
  error: LEVELS.error,
} as const

let installed = false

/** From now on, what runs with `logPrints` print through `console` becomes log lines as well. Once per process. */
export function recordPrints(): void {
  if (installed) return
  installed = true
  for (const [method, level] of Object.entries(METHODS) as [keyof typeof METHODS, number][]) {
    const print = console[method].bind(console)
    console[method] = (...parts: unknown[]) => {
      const frame = currentFrame()
      if (!frame?.logPrints) return print(...parts)
      // Printed as well, the line would be recorded a second time by the process that reads what we print.
      if (!isHosted()) print(...parts)
      frame.flowRun?.recordPrint(level, format(...parts), frame.taskRun)
    }
  }
}
