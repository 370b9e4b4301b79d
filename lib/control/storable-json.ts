import { BadInput } from '../domain/problem.ts'
import { isNestedDeeper } from '../domain/raw-json.ts'
import type { RawJson } from '../domain/state.ts'

export const MAX_JSON_LEVELS = 500

/** Postgres and many clients read JSON by recursion: what they could not read back is refused. Throws BadInput. */
export function requireStorable(json: RawJson | null | undefined, what: string): void {
  if (json && isNestedDeeper(json, MAX_JSON_LEVELS))
    throw new BadInput(`${what} may be nested ${MAX_JSON_LEVELS} levels deep at most.`)
}
