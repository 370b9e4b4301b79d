import { parseLossless, writeLossless } from '../../domain/lossless-json.ts'
import { BadInput } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { requireStorable } from '../storable-json.ts'

export const MAX_VALUE_LENGTH = 5_000

/** Throws BadInput for a value of more than 5,000 characters. Spaces between its parts do not count: they are the sender's taste. */
export function checkValue(value: RawJson): void {
  requireStorable(value, 'The value of a variable')
  if (value.length > MAX_VALUE_LENGTH && writeLossless(parseLossless(value)).length > MAX_VALUE_LENGTH)
    throw new BadInput(`The value of a variable must be at most ${MAX_VALUE_LENGTH} characters of JSON.`)
}
