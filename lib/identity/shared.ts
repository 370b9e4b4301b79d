import type { Database } from '../db/clients.ts'
import type { Identity } from './identity.ts'

/** Of the process's services, what signing in stands on. */
export interface SharedServices {
  readonly db: Database
  readonly identity: Identity
  /** From PUBLIC_URL; null: the origin that the request names. */
  readonly publicUrl: string | null
  readonly nowMicros: () => number
}

/**
 * Next's bundle and the server's are two copies of every module in one process, so what is made once lives on
 * globalThis. The process sets it before it lets Next answer:
 *
 *     Reflect.set(globalThis, Symbol.for('rigel.services'), services)
 */
export function sharedServices(): SharedServices {
  const services: unknown = Reflect.get(globalThis, Symbol.for('rigel.services'))
  if (!services) throw new Error('The process has not handed its services to the pages')
  // Set by lib/process alone, with a value of a type that extends this one.
  return services as SharedServices
}
