import { lookup as systemLookup } from 'node:dns'
import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import type { Outgoing } from '../../domain/automations/notification.ts'
import { BadInput, Unavailable } from '../../domain/problem.ts'

const TIMEOUT_MS = 5_000
const MAX_BYTES = 1_000_000

/** Addresses of this machine, of networks around it, and of nobody: what an address of a tenant's choice must not reach. */
const inside = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(net, bits, 'ipv4')
/** Of IPv6 only what is routed to everybody, and there not what leads into IPv4. */
const everybody = new BlockList()
everybody.addSubnet('2000::', 3, 'ipv6')
inside.addSubnet('2001::', 32, 'ipv6')
inside.addSubnet('2002::', 16, 'ipv6')

export const isInside = (address: string): boolean =>
  isIP(address) === 4
    ? inside.check(address, 'ipv4')
    : inside.check(address, 'ipv6') || !everybody.check(address, 'ipv6')

const refusal = (): BadInput =>
  new BadInput(
    'Its address leads into the network of the server, which notifications may reach only where RIGEL_PRIVATE_ADDRESSES is allow.',
  )

/** Judges the address that is connected to, and not one that was looked up before. */
const lookupOutside: LookupFunction = (host, options, answer) => {
  systemLookup(host, { ...options, all: true }, (error, found) => {
    if (error) return answer(error, '', 0)
    const [first] = found
    if (!first || found.some(({ address }) => isInside(address))) return answer(refusal(), '', 0)
    if (options.all) return answer(null, found)
    answer(null, first.address, first.family)
  })
}

/**
 * Sends a request of a tenant's to an address of a tenant's. Redirects are not followed. Throws BadInput for an address that must not
 * be reached or an answer that will stay the same, Unavailable for what may go better another time. Neither tells what was answered.
 */
export async function postOutside(outgoing: Outgoing, allowsInside: boolean): Promise<void> {
  if (!URL.canParse(outgoing.url)) throw new BadInput('Its address is no URL.')
  const url = new URL(outgoing.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new BadInput('Its address is neither http nor https.')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // Nothing is looked up for an address that is written out.
  if (!allowsInside && isIP(host) && isInside(host)) throw refusal()
  if (Buffer.byteLength(outgoing.body ?? '') > MAX_BYTES) throw new BadInput('The notification is too large.')
  const status = await statusOf(outgoing, url, allowsInside)
  if (status >= 200 && status < 300) return
  const said = `The receiver answered ${status}.`
  throw status === 429 || status >= 500 ? new Unavailable(said) : new BadInput(said)
}

function statusOf({ method, headers, body }: Outgoing, url: URL, allowsInside: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    let request: ClientRequest
    try {
      request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
        method,
        headers: { 'user-agent': 'rigel', ...headers },
        // One connection a notification: what is kept open could be led elsewhere.
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(allowsInside ? {} : { lookup: lookupOutside }),
      })
    } catch {
      // A header or path that cannot be written.
      reject(new BadInput('The block describes a request that cannot be sent.'))
      return
    }
    request.once('response', (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    request.once('error', (error) => {
      reject(
        error instanceof BadInput
          ? error
          : new Unavailable('The receiver could not be reached.', 1, { cause: error }),
      )
    })
    request.end(body ?? undefined)
  })
}
