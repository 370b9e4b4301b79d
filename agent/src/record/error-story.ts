import { describeError } from './text.js'

/** This package's own files, as stacks name them: by address, or by path when a source map led there. */
const OWN_ADDRESS = import.meta.url.replace(/(chunks\/|record\/)?[^/]*$/, '')
const OWN_PATH = decodeURI(OWN_ADDRESS.replace(/^file:\/\//, ''))

const MAX_DEPTH = 5
const MAX_ERRORS = 5

/**
 * An error for who has to find its place: its name and message, the lines of its stack that are the user's own, and the same
 * of what caused it. Frames of Node and of this package are left out; they are the same in every error.
 */
export function errorStory(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return describeError(error)
  const { head, frames } = readStack(error)
  const parts = [head, ...frames]
  if (depth >= MAX_DEPTH) return parts.join('\n')
  if (error.cause !== undefined) parts.push(`caused by ${errorStory(error.cause, depth + 1)}`)
  if (error instanceof AggregateError) {
    const { errors } = error
    for (const each of errors.slice(0, MAX_ERRORS)) parts.push(`one is ${errorStory(each, depth + 1)}`)
    if (errors.length > MAX_ERRORS) parts.push(`and ${errors.length - MAX_ERRORS} more`)
  }
  return parts.join('\n')
}

function readStack(error: Error): { readonly head: string; readonly frames: readonly string[] } {
  const told = describeError(error)
  let stack: unknown
  try {
    stack = error.stack
  } catch {
    stack = undefined
  }
  if (typeof stack !== 'string') return { head: told, frames: [] }
  const lines = stack.split('\n')
  const first = lines.findIndex(isFrame)
  const head = lines.slice(0, first < 0 ? undefined : first).join('\n')
  const frames = lines.filter((line) => isFrame(line) && !isForeign(line)).map((line) => line.trimEnd())
  // Of what cannot be parsed Node shows the place above the message. A message that was changed later is told as it is now.
  const isWhole = head.length > told.length && head.includes(error.message)
  return { head: isWhole ? head.trim() : told, frames }
}

const isFrame = (line: string): boolean => /^\s+at /.test(line)
const isForeign = (line: string): boolean =>
  /[( ]node:/.test(line) ||
  line.includes(OWN_ADDRESS) ||
  line.includes(`(${OWN_PATH}`) ||
  line.includes(` ${OWN_PATH}`)
