import { rootCause } from './fetch-workspaces.js'
import { keyInWords } from './refused-key.js'

const TIMEOUT_MS = 30_000

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Default 30,000. */
  readonly timeoutMs?: number
}

/** Nobody answered, or somebody in between did. Trying again later makes sense. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  constructor(
    message: string,
    readonly retryAfterSeconds: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The control plane said no. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  constructor(
    readonly status: number,
    message: string,
    readonly tryNext?: string,
  ) {
    super(message)
  }
}

/** REST calls to one workspace. They throw ApiRefusal and Unreachable. */
export class WorkspaceApi {
  constructor(
    /** `{host}/api/accounts/{a}/workspaces/{w}` */
    readonly apiUrl: string,
    readonly apiKey: string,
  ) {}

  get = (path: string, options?: CallOptions): Promise<unknown> => this.call('GET', path, undefined, options)
  post = (path: string, body: unknown, options?: CallOptions): Promise<unknown> =>
    this.call('POST', path, body, options)
  patch = (path: string, body: unknown, options?: CallOptions): Promise<unknown> =>
    this.call('PATCH', path, body, options)
  delete = (path: string, options?: CallOptions): Promise<unknown> =>
    this.call('DELETE', path, undefined, options)

  /** What is there, or null when there is no such thing. */
  async find(path: string, options?: CallOptions): Promise<unknown> {
    try {
      return await this.get(path, options)
    } catch (error) {
      if (error instanceof ApiRefusal && error.status === 404) return null
      throw error
    }
  }

  private async call(
    method: string,
    path: string,
    body: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
    const signal = options.signal ? anySignal([options.signal, timeout]) : timeout
    let answer: Response
    let text: string
    try {
      answer = await fetch(`${this.apiUrl}/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.apiKey}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal,
      })
      text = await answer.text()
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      throw new Unreachable(`${this.apiUrl} cannot be reached: ${rootCause(error)}`, null, { cause: error })
    }
    if (answer.ok) return parse(text)
    throw refusal(
      this.apiKey,
      answer.status,
      parse(text),
      Number(answer.headers.get('retry-after') ?? Number.NaN),
    )
  }
}

/** `AbortSignal.any` came with Node 20.3, so it is there; the types do not know it yet. */
const anySignal = (signals: AbortSignal[]): AbortSignal =>
  (AbortSignal as unknown as { any(signals: AbortSignal[]): AbortSignal }).any(signals)

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return text
  }
}

function refusal(apiKey: string, status: number, body: unknown, retryAfter: number): Error {
  const said = sentenceOf(body)
  const retryAfterSeconds = Number.isFinite(retryAfter) ? retryAfter : null
  if (status >= 500 || status === 429 || status === 408) {
    return new Unreachable(`the control plane answered ${status}${said && `: ${said}`}`, retryAfterSeconds)
  }
  if (status === 401) {
    const { name, replace } = keyInWords(apiKey)
    return new ApiRefusal(status, `${name} was refused (401): it may be revoked or expired`, replace)
  }
  if (status === 403) {
    return new ApiRefusal(
      status,
      `the API key does not allow this (403)${said && `: ${said}`}`,
      'rigel whoami',
    )
  }
  // Two words that name nothing are no sentence.
  const isSentence = said !== '' && said !== 'Not Found'
  return new ApiRefusal(
    status,
    isSentence ? said : `the control plane answered ${status}${said && `: ${said}`}`,
  )
}

/** `{detail}` is a text; what fails validation has a list of `{loc, msg}` beside or in its place. */
function sentenceOf(body: unknown): string {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>
  const { detail, exception_message: message, exception_detail: details } = fields
  if (typeof detail === 'string') return detail
  const list = Array.isArray(detail) ? detail : Array.isArray(details) ? details : null
  if (!list) return typeof message === 'string' ? message : ''
  const lines = list.map((each: { loc?: unknown; msg?: unknown } | null) => {
    const where = Array.isArray(each?.loc) ? each.loc.slice(1).join('.') : ''
    return `${where && `${where}: `}${each?.msg ?? ''}`
  })
  return lines.join('; ')
}
