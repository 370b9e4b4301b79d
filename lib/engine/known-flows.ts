import type { FlowOfRun } from './creation-reads.ts'
import type { NewFlowRun } from './engine.ts'
import { lengthOf } from './known-runs.ts'

/** About a kilobyte each; when it is full it begins anew. */
const MOST_FLOWS = 4_096
/** What is larger is not worth its memory. */
const MOST_TEXT = 4_000

type FlowKey = Pick<NewFlowRun, 'workspaceId' | 'flowId'>

/**
 * Flows as this process read them last when it made runs of them, with the versions of their rows. They may have changed since: whoever
 * goes by them writes under the condition that they have not. Whatever is known may be forgotten at any time.
 */
export class KnownFlows {
  readonly #flows = new Map<string, FlowOfRun>()

  /** The flows of these runs, by `workspace id`; null: one is not known. */
  of(wanted: readonly FlowKey[]): ReadonlyMap<string, FlowOfRun> | null {
    const found = new Map<string, FlowOfRun>()
    for (const { workspaceId, flowId } of wanted) {
      const key = `${workspaceId} ${flowId}`
      const flow = this.#flows.get(key)
      if (!flow) return null
      found.set(key, flow)
    }
    return found
  }

  keep(flows: ReadonlyMap<string, FlowOfRun>): void {
    for (const [key, flow] of flows) {
      if (flow.name.length + lengthOf(flow.tags) + lengthOf(flow.labelsOfRuns) > MOST_TEXT) continue
      if (this.#flows.size >= MOST_FLOWS) this.#flows.clear()
      this.#flows.set(key, flow)
    }
  }

  forget(keys: Iterable<string>): void {
    for (const key of keys) this.#flows.delete(key)
  }
}
