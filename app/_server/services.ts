import type { Database } from '#lib/db/clients.ts'
import type { Identity } from '#lib/identity/identity.ts'
import type { Hub } from '#lib/live/hub.ts'

/** What pages stand on. */
export interface PageServices {
  readonly db: Database
  readonly identity: Identity
  readonly hub: Hub
  readonly publicUrl: string | null
  /** Opens what is sealed at rest. */
  readonly authSecret: string
  readonly nowMicros: () => number
}

/**
 * Next bundles pages apart from the process that serves them, so a module's own variables are not shared between the
 * two. The process hands its services over here, before it lets Next answer:
 *
 *     Reflect.set(globalThis, Symbol.for('rigel.services'), services)
 */
export function pageServices(): PageServices {
  const services: unknown = Reflect.get(globalThis, Symbol.for('rigel.services'))
  if (!services) throw new Error('The process has not handed its services to the pages')
  // Set by lib/process alone, with a value of a type that extends this one.
  return services as PageServices
}
