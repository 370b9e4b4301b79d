import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readEnvironment } from '../settings/environment.js'
import { tell } from './output.js'

const DEADLINE_MS = 5_000

/** Sends what runs left behind that ended while the control plane could not be reached. Never fails the command. */
export async function deliverLeftovers(): Promise<void> {
  try {
    const environment = readEnvironment()
    if (readdirSync(join(environment.home, 'outbox')).length === 0) return
    const { replayOutboxes } = await import('../connection/reporter.js')
    const { sent } = await replayOutboxes(DEADLINE_MS, environment)
    if (sent > 0) tell(`rigel: delivered ${sent} records that earlier runs had left`)
  } catch {
    // No outbox, or a profile that the command itself has complained about.
  }
}
