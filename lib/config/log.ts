import { type DestinationStream, type Logger, pino } from 'pino'
import { config } from './config.ts'

export type { Logger } from 'pino'

/** Keys whose values never reach a log, at the top and one or two levels down (request headers, causes, options). */
const secretKeys = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
  'key',
  'apiKey',
  'api_key',
  'password',
  'secret',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'accessToken',
  'refreshToken',
  'sessionToken',
  'clientSecret',
  'client_secret',
  'databaseUrl',
] as const

const at = (prefix: string, key: string) => (key.startsWith('[') ? `${prefix}${key}` : `${prefix}.${key}`)

const redactedPaths = secretKeys.flatMap((key) => [key, at('*', key), at('*.*', key)])

/** Secrets inside sentences: keys of Rigel, bearer headers, passwords of URLs. */
const secretsInText: readonly (readonly [RegExp, string])[] = [
  [/\b(rg[us]_|pnu_|pnb_)[A-Za-z0-9]{6,}/g, '$1***'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, '$1 ***'],
  [/(\w+:\/\/[^\s:/@]*):[^\s@]+@/g, '$1:***@'],
]

export function maskSecrets(text: string): string {
  return secretsInText.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text)
}

export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: '***' },
      // Messages and stacks are text, which redaction by path cannot reach.
      hooks: { streamWrite: maskSecrets },
    },
    // Standard error: the standard output of `npm run admin` is one JSON object.
    destination ?? pino.destination({ dest: 2, sync: true }),
  )
}

const loggerKey = Symbol.for('rigel.log')
const shared = globalThis as { [loggerKey]?: Logger }

/** The process's logger, the same one in the server's bundle and in Next's. */
export function log(): Logger {
  shared[loggerKey] ??= createLog(config().logLevel)
  return shared[loggerKey]
}
