import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Services } from '../api/services.ts'
import type { Config } from '../config/config.ts'
import type { Listener } from './front-door.ts'
import { rootFolder } from './root.ts'

/** The console: Next behind our own server. */
export interface Pages {
  readonly listener: Listener
  /** The compiler's, in development. Otherwise Next has none, and would leave whoever asks for one waiting. */
  readonly acceptSocket?: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown
  close(): Promise<void>
}

/**
 * Where pages find the process's services: Next bundles them apart from this code, so module variables are not shared.
 * `app/_server/services.ts` reads it.
 */
const servicesKey = Symbol.for('rigel.services')

/**
 * With PUBLIC_URL that is what pages take for their address, whatever a request claims: a proxy passes on what it is not told to
 * set, and a page must lead nobody to a host that a stranger named.
 */
export function underPublicUrl(publicUrl: string | undefined, listener: Listener): Listener {
  if (publicUrl === undefined) return listener
  const { host, protocol } = new URL(publicUrl)
  return (request, response) => {
    request.headers['x-forwarded-host'] = host
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1)
    return listener(request, response)
  }
}

export async function preparePages(config: Config, services: Services): Promise<Pages> {
  Reflect.set(globalThis, servicesKey, services)
  const { default: next } = await import('next')
  const app = next({
    dev: config.development,
    dir: rootFolder,
    hostname: config.host,
    port: config.port,
    quiet: !config.development,
  })
  await app.prepare()
  const handle = app.getRequestHandler()
  const upgrade = app.getUpgradeHandler()
  return {
    listener: underPublicUrl(config.givenPublicUrl, (request, response) => handle(request, response)),
    ...(config.development && {
      acceptSocket: (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        upgrade(request, socket, head),
    }),
    close: () => app.close(),
  }
}
