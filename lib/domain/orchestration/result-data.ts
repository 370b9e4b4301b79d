import type { RawJson } from '../state.ts'

/** `{"type":"unpersisted"}` is short; longer data is a result, and is not parsed to find out. */
const longestMarker = 256

/** The way of 2.x clients to say that a state has a result which nobody can load. It counts as no data and is not stored. */
const isUnpersisted = (data: RawJson): boolean => {
  if (data.length > longestMarker || !data.includes('"unpersisted"')) return false
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null && 'type' in value && value.type === 'unpersisted'
  } catch {
    return false
  }
}

/** Data that is worth storing: JSON `null` and the unpersisted marker are not. */
export const persistedData = (data: RawJson | null): RawJson | null =>
  data === null || data === 'null' || isUnpersisted(data) ? null : data

export const hasPersistedData = (state: { readonly data: RawJson | null }): boolean =>
  persistedData(state.data) !== null
