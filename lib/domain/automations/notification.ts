/** What is to be said. */
export interface Note {
  readonly subject: string
  readonly body: string
}

/** A request that says it. */
export interface Outgoing {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** What a block document holds, secrets in the open. */
export type BlockFields = Readonly<Record<string, unknown>>

/** By the slug of a block's type, how a note is sent through it. Each throws an Error, without secrets, for fields that it cannot use. */
const senders: Readonly<Record<string, (fields: BlockFields, note: Note) => Outgoing>> = {
  'slack-webhook': (fields, { subject, body }) =>
    json(slackUrl(text(fields, 'url')), { text: subject ? `*${subject}*\n${body}` : body }),
  'ms-teams-webhook': (fields, { subject, body }) =>
    json(text(fields, 'url'), {
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: {
            type: 'AdaptiveCard',
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            version: '1.4',
            body: [
              ...(subject ? [{ type: 'TextBlock', text: subject, weight: 'Bolder', wrap: true }] : []),
              { type: 'TextBlock', text: body, wrap: true },
            ],
          },
        },
      ],
    }),
  'discord-webhook': (fields, { subject, body }) => {
    const [id, token] = [text(fields, 'webhook_id'), text(fields, 'webhook_token')].map(encodeURIComponent)
    return json(`https://discord.com/api/webhooks/${id}/${token}`, {
      content: [...(subject ? [`**${subject}**`] : []), body].join('\n').slice(0, MAX_DISCORD),
      ...(typeof fields.botname === 'string' && fields.botname ? { username: fields.botname } : {}),
    })
  },
  'custom-webhook': customWebhook,
}

export const notifyingTypes = Object.keys(senders)

/** What the service takes in one message. */
const MAX_DISCORD = 2_000

/** Throws an Error for a type that nothing is sent through, or fields that cannot be used. */
export function requestOf(typeSlug: string, fields: BlockFields, note: Note): Outgoing {
  const sender = Object.hasOwn(senders, typeSlug) ? senders[typeSlug] : undefined
  if (!sender) throw new Error(cannotNotify(typeSlug))
  return sender(fields, note)
}

export const canNotify = (typeSlug: string): boolean => Object.hasOwn(senders, typeSlug)

export const cannotNotify = (typeSlug: string): string =>
  `Rigel does not send notifications through blocks of type ${typeSlug} yet; it does through ${notifyingTypes.join(', ')}`

function text(fields: BlockFields, name: string): string {
  const value = fields[name]
  if (typeof value === 'string' && value !== '') return value
  throw new Error(`The block has no ${name}`)
}

const json = (url: string, body: object): Outgoing => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** Also in the short form that clients take: `slack://A/B/C`. */
const slackUrl = (url: string): string =>
  url.replace(/^slack:\/\/(\w+)\/(\w+)\/(\w+)\/?$/, 'https://hooks.slack.com/services/$1/$2/$3')

/** Fills `{{ subject }}`, `{{ body }}`, `{{ name }}` and the block's own secrets into what the block says is sent. */
function customWebhook(fields: BlockFields, { subject, body }: Note): Outgoing {
  const secrets = record(fields.secrets)
  const values: Readonly<Record<string, unknown>> = { ...secrets, subject, body, name: fields.name }
  const fillText = (given: string): string =>
    given.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) =>
      Object.hasOwn(values, name) ? String(values[name] ?? '') : whole,
    )
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return fillText(value)
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fill(member)]))
  }
  const filled = (name: string): Record<string, string> => texts(fill(record(fields[name])))
  const written = fillText(text(fields, 'url'))
  if (!URL.canParse(written)) throw new Error('The url of the block is none')
  const url = new URL(written)
  for (const [key, value] of Object.entries(filled('params'))) url.searchParams.append(key, value)
  const headers = Object.fromEntries(
    Object.entries(filled('headers')).map(([key, value]) => [key.toLowerCase(), value]),
  )
  const cookies = Object.entries(filled('cookies')).map(([key, value]) => `${key}=${value}`)
  const method = typeof fields.method === 'string' && fields.method ? fields.method.toUpperCase() : 'POST'
  if (!methods.has(method)) throw new Error('The method of the block is none that is sent')
  const [type, content] = contentOf(fields, fill)
  return {
    method,
    url: url.href,
    headers: {
      ...(type === null ? {} : { 'content-type': type }),
      ...headers,
      ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}),
    },
    body: content,
  }
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

function contentOf(
  { json_data, form_data }: BlockFields,
  fill: (value: unknown) => unknown,
): readonly [type: string | null, content: string | null] {
  if (json_data) return ['application/json', JSON.stringify(fill(json_data))]
  if (!form_data) return [null, null]
  return ['application/x-www-form-urlencoded', new URLSearchParams(texts(fill(record(form_data)))).toString()]
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  // Safe: an object that is no list.
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record(value)).map(([key, member]) => [
      key,
      typeof member === 'string' ? member : (JSON.stringify(member) ?? ''),
    ]),
  )
