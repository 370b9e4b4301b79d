import { createContext, Script } from 'node:vm'
import { codeOf } from '../../config/error-code.ts'

const script = new Script('work()')
const sandbox: { work?: () => unknown } = {}
const context = createContext(sandbox)

/** The work was not done in time, and was ended. */
export class OutOfTime extends Error {}

/**
 * Does `work`, which must not wait for anything, and ends it after `ms` (throws OutOfTime): one pattern or one chain of
 * references can keep a validator busy for years, and with it everybody. Costs some 50 µs for the watchdog.
 */
export function withinTime<Result>(ms: number, work: () => Result): Result {
  let result: { readonly value: Result } | undefined
  let thrown: { readonly error: unknown } | undefined
  const before = sandbox.work
  sandbox.work = () => {
    try {
      result = { value: work() }
    } catch (error) {
      thrown = { error }
    }
  }
  try {
    script.runInContext(context, { timeout: ms })
  } catch (error) {
    // Made in the other context, and so no Error of this one.
    if (codeOf(error) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new OutOfTime(`not done within ${ms} ms`)
    throw error
  } finally {
    sandbox.work = before
  }
  if (thrown) throw thrown.error
  if (!result) throw new OutOfTime(`not done within ${ms} ms`)
  return result.value
}
