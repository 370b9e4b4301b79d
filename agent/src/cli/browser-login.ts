import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fetchWorkspaces, RefusedByServer } from '../connection/fetch-workspaces.js'
import { CliError } from './cli-error.js'
import { tell } from './output.js'

const PATIENCE_MS = 120_000
const MAX_BODY_BYTES = 16_384

/**
 * Asks for a key through the browser: opens the console's consent page, which posts the key to a server on this
 * machine's loopback address. Throws CliError when the user declines, or 120 s pass; at once when no control plane answers.
 */
export async function browserLogin(url: string, browser: string | undefined): Promise<string> {
  await requireControlPlane(url)
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const page = `${url}/auth/client?callback=${encodeURIComponent(`http://localhost:${port}`)}&source=rigel`
  try {
    const answered = waitForAnswer(server, url)
    tell(`Opening ${page}\nIf no browser comes up, open that page yourself. Waiting for two minutes.`)
    openBrowser(page, browser)
    return await answered
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Nobody waits two minutes for a page that cannot come up. Throws where no control plane answers. */
async function requireControlPlane(url: string): Promise<void> {
  try {
    await fetchWorkspaces(url, '')
  } catch (error) {
    // That there has to be a key is the answer of one.
    if (!(error instanceof RefusedByServer)) throw error
  }
}

function waitForAnswer(server: Server, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new CliError(
            'nobody answered in the browser within two minutes',
            `rigel login -k KEY --url ${url}`,
          ),
        ),
      PATIENCE_MS,
    )
    const settle = (end: () => void) => {
      clearTimeout(timer)
      end()
    }
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void receive(request, response).then((answer) => {
        if (answer === null) return
        if ('apiKey' in answer) settle(() => resolve(answer.apiKey))
        else settle(() => reject(new CliError(`signing in was declined: ${answer.reason}`, 'rigel login')))
      })
    })
  })
}

type Answer = { readonly apiKey: string } | { readonly reason: string }

async function receive(request: IncomingMessage, response: ServerResponse): Promise<Answer | null> {
  // The page comes from another origin, and Chrome asks before it lets a page talk to this machine.
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', 'content-type')
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS')
  response.setHeader('access-control-allow-private-network', 'true')
  response.setHeader('connection', 'close')
  const end = (status: number, body: unknown = {}) =>
    new Promise<void>((done) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(status === 204 ? undefined : JSON.stringify(body), () => done())
    })
  if (request.method === 'OPTIONS') return end(204).then(() => null)
  const kind = request.method === 'POST' ? request.url : undefined
  if (kind !== '/success' && kind !== '/failure') return end(404, { detail: 'Not Found' }).then(() => null)
  const fields = await readFields(request)
  const text = kind === '/success' ? fields?.api_key : (fields?.reason ?? 'no reason was given')
  if (typeof text !== 'string' || text === '')
    return end(422, { detail: 'Expected JSON with a text' }).then(() => null)
  await end(200)
  return kind === '/success' ? { apiKey: text } : { reason: text.slice(0, 500) }
}

async function readFields(request: IncomingMessage): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    let text = ''
    for await (const part of request) {
      text += String(part)
      if (text.length > MAX_BODY_BYTES) return null
    }
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function openBrowser(page: string, browser: string | undefined): void {
  if (browser === 'none') return
  const [command, ...args] =
    browser !== undefined
      ? [browser]
      : process.platform === 'darwin'
        ? ['open']
        : process.platform === 'win32'
          ? ['cmd', '/c', 'start', '""']
          : ['xdg-open']
  // cmd reads "&" as the end of the command.
  const shown = process.platform === 'win32' && browser === undefined ? page.replaceAll('&', '^&') : page
  const child = spawn(command ?? 'xdg-open', [...args, shown], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
