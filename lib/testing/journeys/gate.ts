import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterFile } from '../cleanup.ts'

/** Where a flow under test waits until the test lets it on: `await fetch(gate.url + '/name')`. */
export interface Gate {
  readonly url: string
  /** Resolves once the flow stands there. */
  reached(name: string): Promise<void>
  /** Lets the flow on that stands there, or comes later. */
  open(name: string): void
}

export async function openGate(): Promise<Gate> {
  const waiting = new Map<string, ServerResponse>()
  const opened = new Set<string>()
  const watchers = new Map<string, () => void>()
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1)
    watchers.get(name)?.()
    if (opened.has(name)) response.end()
    else waiting.set(name, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterFile(() => {
    server.close()
    server.closeAllConnections()
  })
  // Safe: it listens on TCP.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    reached: (name) =>
      new Promise((resolve) => {
        if (waiting.has(name)) resolve()
        else watchers.set(name, resolve)
      }),
    open(name) {
      opened.add(name)
      waiting.get(name)?.end()
      waiting.delete(name)
    },
  }
}
