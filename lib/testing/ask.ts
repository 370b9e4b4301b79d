/** Where a workspace's API is, and the key to it. */
export interface Asked {
  /** `http://…/api/accounts/{id}/workspaces/{id}` */
  readonly url: string
  readonly apiKey: string
}

/** One request below the workspace, with its key. */
export const send = (
  { url, apiKey }: Asked,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  })

/** The same, answering parsed JSON, null where there is none; what is refused is thrown, with what was said. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export async function ask<Answer = any>(
  asked: Asked,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const answer = await send(asked, method, path, body, signal)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`)
  return (text === '' ? null : JSON.parse(text)) as Answer
}

/** As `ask`, of one workspace. */
export const askerOf =
  (asked: Asked) =>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  <Answer = any>(method: string, path: string, body?: unknown): Promise<Answer> =>
    ask<Answer>(asked, method, path, body)
