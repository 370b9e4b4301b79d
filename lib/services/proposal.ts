import type { ProposedState } from '../domain/orchestration/decide.ts'
import type { StateDetails, StateType } from '../domain/state.ts'
import { defaultStateName } from '../domain/state.ts'

/** Services know every rule: they get the present behaviour. */
export const serviceClient = { apiVersion: null, clientVersion: null } as const

export const serviceState = (
  type: StateType,
  message: string,
  { name = defaultStateName(type), details = {} }: { name?: string; details?: StateDetails } = {},
): ProposedState => ({ type, name, message, details, data: null })
