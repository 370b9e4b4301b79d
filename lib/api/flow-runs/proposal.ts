import type { ProposedState } from '../../domain/orchestration/decide.ts'
import { defaultStateName, type RawJson } from '../../domain/state.ts'
import type { StateCreate } from '../schemas.ts'

/** A proposed state from its wire form. `data` is the exact text of its member `data`, if there is one. */
export function proposedState(state: StateCreate, data: RawJson | undefined): ProposedState {
  const details: Record<string, unknown> = {}
  // Absent and null mean the same here; storing only what is said keeps rows small.
  for (const [key, value] of Object.entries(state.state_details ?? {})) {
    if (value !== null && value !== undefined) details[key] = value
  }
  return {
    type: state.type,
    name: state.name || defaultStateName(state.type),
    message: state.message ?? '',
    details,
    data: data === undefined || data === 'null' ? null : data,
  }
}
