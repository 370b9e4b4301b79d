import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Balancer {
  /** `http://127.0.0.1:port`, always the same whoever answers behind it. */
  readonly url: string
  close(): Promise<void>
}

/**
 * What stands before several replicas: each connection goes to one of the ports that answer, in turn. A connection to a replica that
 * dies breaks, as it does behind any proxy of TCP; its client comes again and meets another one.
 */
export async function startBalancer(ports: () => readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>()
  let turn = 0

  const reach = (client: Socket, tried = 0): void => {
    const all = ports()
    const port = all[turn++ % all.length]
    if (port === undefined || tried > 2 * all.length) {
      client.destroy()
      return
    }
    const server = connect(port, '127.0.0.1')
    server.once('connect', () => {
      open.add(server)
      client.pipe(server).pipe(client)
      client.once('close', () => server.destroy())
      server.once('close', () => {
        open.delete(server)
        client.destroy()
      })
    })
    server.once('error', () => {
      if (open.has(server)) client.destroy()
      else if (!client.destroyed) reach(client, tried + 1)
    })
  }

  const door = createServer({ pauseOnConnect: false }, (client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.once('close', () => open.delete(client))
    reach(client)
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  return {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    async close() {
      const closed = once(door, 'close')
      door.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
