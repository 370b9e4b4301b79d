/** How a program on the user's own machine takes the key that the browser brings it (wire-contract §2.2). */
export interface ClientCallback {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: string
  readonly program: 'rigel login' | 'prefect cloud login' | 'prefect-cloud login'
  /** `paths`: POST {url}/success or {url}/failure. `plain`: POST {url} itself. */
  readonly style: 'paths' | 'plain'
}

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** null unless the callback is a plain http address with a port on the browser's own machine: a key goes nowhere else. */
export function parseClientCallback(
  callback: string | undefined,
  source: string | undefined,
): ClientCallback | null {
  if (!callback || callback.length > 2_000 || !URL.canParse(callback)) return null
  const url = new URL(callback)
  const isLoopback = url.protocol === 'http:' && loopbackHosts.has(url.hostname) && url.port !== ''
  if (!isLoopback || url.username || url.password || url.search || url.hash) return null
  return {
    url: url.origin + url.pathname.replace(/\/+$/, ''),
    port: url.port,
    program:
      source === 'rigel'
        ? 'rigel login'
        : source === 'prefect-cloud'
          ? 'prefect-cloud login'
          : 'prefect cloud login',
    style: source === 'prefect-cloud' ? 'plain' : 'paths',
  }
}
