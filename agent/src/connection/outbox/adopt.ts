import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { presentInstant } from '../../record/instant.js'
import { uuid7 } from '../../record/uuid.js'
import { Outbox } from './outbox.js'
import { claim, newOwner } from './owner.js'

const ABANDONED_HALF_MADE_MS = 60_000

/**
 * Takes over the outboxes for `target` whose processes are gone, oldest first. Runs that had not ended are
 * recorded as crashed: nobody else is left to say so. Empty ones are removed.
 */
export function adoptOutboxes(root: string, target: string): Outbox[] {
  const adopted: Outbox[] = []
  for (const id of listOutboxes(root)) {
    try {
      if (readFileSync(join(root, id, 'target'), 'utf8') !== target) continue
      const owner = newOwner()
      if (!claim(join(root, id), owner)) continue
      const outbox = Outbox.reopen(root, id, owner)
      recordCrashes(outbox)
      if (outbox.pendingCount === 0) outbox.close()
      else adopted.push(outbox)
    } catch {
      // Another process was faster, or the directory is damaged: what others can still read is left to them.
    }
  }
  return adopted
}

function listOutboxes(root: string): string[] {
  let names: string[]
  try {
    names = readdirSync(root)
  } catch {
    return []
  }
  for (const name of names.filter((each) => each.startsWith('.'))) removeHalfMade(join(root, name))
  return names.filter((name) => !name.startsWith('.')).sort()
}

function removeHalfMade(directory: string): void {
  try {
    if (Date.now() - statSync(directory).mtimeMs > ABANDONED_HALF_MADE_MS) {
      rmSync(directory, { recursive: true, force: true })
    }
  } catch {
    // Became an outbox meanwhile.
  }
}

const LOST = 'The process that ran this ended without a word'

function recordCrashes(outbox: Outbox): void {
  const { flowRunIds, taskRuns } = outbox.open
  const crashed = () =>
    ({ id: uuid7(), type: 'CRASHED', name: 'Crashed', at: presentInstant(), message: LOST }) as const
  for (const taskRun of taskRuns) {
    const state = crashed()
    outbox.append({ ...taskRun, endedAt: state.at, state })
  }
  for (const flowRunId of flowRunIds) outbox.append({ kind: 'flow-run-state', flowRunId, state: crashed() })
}
