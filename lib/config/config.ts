import { randomBytes } from 'node:crypto'
import { closeSync, fchmodSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { findFolderObstacle, obstacleIn } from './data-folder.ts'

/** A setting that stops the start. Its message is one sentence: the variable, what it held, what it should look like. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly variable: string
  constructor(variable: string, message: string) {
    super(message)
    this.variable = variable
  }
}

export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof logLevels)[number]

export interface GitHubConfig {
  readonly id: string
  readonly secret: string
  /** github.com, or the base URL of a GitHub Enterprise Server. No trailing slash. */
  readonly url: string
}

/** What the process does; all of it unless a flag says otherwise. */
export interface Roles {
  readonly ui: boolean
  readonly services: boolean
  readonly api: boolean
}

export interface Config {
  readonly host: string
  /** 0 asks the system for a free port; once the server listens, the installed config holds the real one. */
  readonly port: number
  /** Bound where only this machine can connect. */
  readonly loopback: boolean
  /** Base of every link that Rigel prints or sends. No trailing slash. */
  readonly publicUrl: string
  /** The same where PUBLIC_URL was set; without it links in answers follow the address that the request named. */
  readonly givenPublicUrl: string | undefined
  /** Absolute. Holds the embedded Postgres, the generated secret and `servers/`. */
  readonly dataDir: string
  /** Absent: the embedded Postgres, whose URL the installed config then holds. */
  readonly databaseUrl: string | undefined
  /** Signs sessions. Absent until `resolveAuthSecret` has read or made one. */
  readonly authSecret: string | undefined
  readonly github: GitHubConfig | undefined
  /** Whether what tenants have sent may go to addresses of this machine and of the networks around it. */
  readonly allowsPrivateAddresses: boolean
  readonly logLevel: LogLevel
  /** Connections of each of the two database pools: batch writers, and pages and API reads. */
  readonly poolSize: number
  readonly roles: Roles
  /** Pages are compiled as they are asked for (`npm run dev`). */
  readonly development: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

const flags = ['--no-ui', '--no-services', '--no-api'] as const

const secretVariables: ReadonlySet<string> = new Set(['AUTH_SECRET', 'GITHUB_SECRET'])

const defaultGitHubUrl = 'https://github.com'

const wholeNumber = (lowest: number, highest: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest)

const webUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const usable =
    url &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    !url.search &&
    !url.hash &&
    !url.username
  if (!usable) {
    context.addIssue({ code: 'custom' })
    return z.NEVER
  }
  return text.replace(/\/+$/, '')
})

/** Every link that Rigel makes begins at the root of its origin. */
const origin = webUrl.refine((text) => new URL(text).pathname === '/')

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const databaseUrl = z.string().refine((text) => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const parts = [url.username, url.password, url.pathname]
  return /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1 && parts.every(isPercentEncoded)
})

/** Schema and the words for what it should look like, side by side so that neither is changed alone. */
const variables = {
  HOST: {
    schema: z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/),
    expected: 'a host name or an address to listen on, such as 127.0.0.1 or 0.0.0.0',
  },
  PORT: { schema: wholeNumber(0, 65_535), expected: 'a port from 1 to 65535, or 0 for any free one' },
  PUBLIC_URL: {
    schema: origin,
    expected:
      'the http or https URL that browsers and clients reach Rigel at, without a path, such as https://rigel.example.com',
  },
  DATABASE_URL: {
    schema: databaseUrl,
    expected:
      'a PostgreSQL URL that names a database, such as postgres://user:password@host:5432/rigel, with a % in its parts written %25',
  },
  RIGEL_DATA_DIR: {
    schema: z.string().min(1).max(4096),
    expected: 'a folder that Rigel may write to, such as .rigel',
  },
  AUTH_SECRET: {
    schema: z.string().min(32).max(1024),
    expected: 'at least 32 characters that nobody can guess, such as `openssl rand -base64 33` prints',
  },
  GITHUB_ID: {
    schema: z.string().regex(/^[\x21-\x7e]{1,256}$/),
    expected: 'the client ID of a GitHub OAuth app, such as Iv1.0123456789abcdef',
  },
  GITHUB_SECRET: {
    schema: z.string().regex(/^[\x21-\x7e]{1,512}$/),
    expected: 'the client secret of that GitHub OAuth app, one word without spaces',
  },
  GITHUB_URL: {
    schema: webUrl,
    expected: 'the base URL of a GitHub Enterprise Server, such as https://github.example.com',
  },
  LOG_LEVEL: { schema: z.enum(logLevels), expected: `one of ${logLevels.join(', ')}` },
  RIGEL_PRIVATE_ADDRESSES: {
    schema: z.enum(['allow', 'refuse']),
    expected: 'allow, where notifications may go to addresses in the network of the server, or refuse',
  },
  RIGEL_POOL_SIZE: { schema: wholeNumber(1, 500), expected: 'a number of connections from 1 to 500' },
} as const

type Variables = typeof variables
type Value<Name extends keyof Variables> = z.output<Variables[Name]['schema']>

/** What a value looks like in a message: whole, or with every secret in it blotted out. */
export function maskValue(variable: string, held: string): string {
  if (secretVariables.has(variable)) return `a secret of ${held.length} characters`
  // Greedy up to the last @, and also in text that is no URL at all: a mistyped URL still holds the password.
  const masked = held
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?([^:/@]*):(.*)@/is, '$1$2:***@')
    .replace(/([?&](?:password|secret|token|key)=)[^&]*/gi, '$1***')
  return JSON.stringify(masked.length > 200 ? `${masked.slice(0, 200)}…` : masked)
}

function read<Name extends keyof Variables>(env: Environment, name: Name): Value<Name> | undefined {
  const held = env[name]?.trim()
  // Compose files and unit files write `NAME=` for "not set".
  if (!held) return undefined
  const { schema, expected } = variables[name]
  const parsed = schema.safeParse(held)
  if (parsed.success) return parsed.data as Value<Name>
  throw new ConfigError(name, `${name} holds ${maskValue(name, held)}, but should be ${expected}.`)
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** `http://host:port` as a browser on this machine would type it. */
export function baseUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function parseRoles(args: readonly string[]): Roles {
  const unknown = args.find((arg) => arg !== '--dev' && !(flags as readonly string[]).includes(arg))
  if (unknown !== undefined) {
    throw new ConfigError(
      unknown,
      `${JSON.stringify(unknown)} is not an option of Rigel, which knows ${flags.join(', ')}; all else is set in the environment, as in PORT=4000 npm start (README.md, Configuration).`,
    )
  }
  return {
    ui: !args.includes('--no-ui'),
    services: !args.includes('--no-services'),
    api: !args.includes('--no-api'),
  }
}

function parseGitHub(env: Environment): GitHubConfig | undefined {
  const id = read(env, 'GITHUB_ID')
  const secret = read(env, 'GITHUB_SECRET')
  const url = read(env, 'GITHUB_URL') ?? defaultGitHubUrl
  if (id && secret) return { id, secret, url }
  if (!id && !secret) return undefined
  const [missing, present] = id
    ? (['GITHUB_SECRET', 'GITHUB_ID'] as const)
    : (['GITHUB_ID', 'GITHUB_SECRET'] as const)
  throw new ConfigError(
    missing,
    `${missing} is not set although ${present} is; it should be ${variables[missing].expected}.`,
  )
}

/**
 * Settings from an environment and the command line's flags.
 *
 * Pure but for resolving `RIGEL_DATA_DIR` against `cwd`. Throws ConfigError.
 */
export function parseConfig(env: Environment, args: readonly string[] = [], cwd = '.'): Config {
  const host = read(env, 'HOST') ?? '127.0.0.1'
  const port = read(env, 'PORT') ?? 3000
  const loopback = isLoopback(host)
  const github = parseGitHub(env)
  const authSecret = read(env, 'AUTH_SECRET')
  const givenPublicUrl = read(env, 'PUBLIC_URL')
  if (!loopback && !github) {
    throw new ConfigError(
      'GITHUB_ID',
      `HOST holds ${maskValue('HOST', host)}, which other machines can reach, but GITHUB_ID and GITHUB_SECRET are not set: ` +
        'without them anybody who has the start-up link could sign in, so set both, or leave HOST at 127.0.0.1.',
    )
  }
  if (!loopback && !authSecret) {
    throw new ConfigError(
      'AUTH_SECRET',
      `AUTH_SECRET is not set, but HOST holds ${maskValue('HOST', host)}, which other machines can reach: it should be ${variables.AUTH_SECRET.expected}.`,
    )
  }
  return {
    host,
    port,
    loopback,
    publicUrl: givenPublicUrl ?? baseUrl(host, port),
    givenPublicUrl,
    dataDir: resolve(cwd, read(env, 'RIGEL_DATA_DIR') ?? '.rigel'),
    databaseUrl: read(env, 'DATABASE_URL'),
    authSecret,
    github,
    allowsPrivateAddresses: read(env, 'RIGEL_PRIVATE_ADDRESSES') === 'allow',
    logLevel: read(env, 'LOG_LEVEL') ?? 'info',
    poolSize: read(env, 'RIGEL_POOL_SIZE') ?? 8,
    roles: parseRoles(args),
    development: args.includes('--dev'),
  }
}

/** With PORT=0 the public URL is known only once the server listens; a PUBLIC_URL that was set stays. */
export function withPort(config: Config, port: number): Config {
  return { ...config, port, publicUrl: config.givenPublicUrl ?? baseUrl(config.host, port) }
}

/** Makes the data folder where it is missing; a path that cannot be one, or cannot be written to, stops the start. */
export function openDataFolder({ dataDir }: Pick<Config, 'dataDir'>): void {
  const obstacle = findFolderObstacle(dataDir)
  if (obstacle !== undefined) throw folderError(dataDir, obstacle)
}

const folderError = (dataDir: string, obstacle: string): ConfigError =>
  new ConfigError(
    'RIGEL_DATA_DIR',
    `RIGEL_DATA_DIR holds ${maskValue('RIGEL_DATA_DIR', dataDir)}, but ${obstacle}; it should be ${variables.RIGEL_DATA_DIR.expected}.`,
  )

/** Runs what writes to the data folder. Throws ConfigError where the disk is full, and else what the work throws. */
export async function writingToDataFolder<Result>(
  { dataDir }: Pick<Config, 'dataDir'>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const obstacle = obstacleIn(error)
    throw obstacle === undefined ? error : folderError(dataDir, obstacle)
  }
}

/** The configured secret, or the one kept in the data folder, made on first use and readable by its owner only. */
export function resolveAuthSecret(config: Pick<Config, 'authSecret' | 'dataDir'>): string {
  if (config.authSecret) return config.authSecret
  openDataFolder(config)
  const path = join(config.dataDir, 'auth-secret')
  try {
    // Exclusive: of two processes that start at once one makes the secret and the other reads it.
    const file = openSync(path, 'wx', 0o600)
    try {
      fchmodSync(file, 0o600)
      writeSync(file, `${randomBytes(33).toString('base64url')}\n`)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const kept = readFileSync(path, 'utf8').trim()
  if (kept.length >= 32) return kept
  throw new ConfigError(
    'AUTH_SECRET',
    `AUTH_SECRET is not set and the one kept in ${path} is damaged; delete that file to make a new one, which signs everybody out.`,
  )
}

// The server's bundle and Next's each carry a copy of this module; what was installed must be the same in both.
const installedKey = Symbol.for('rigel.config')
const shared = globalThis as { [installedKey]?: Config }

/** Makes the given settings the process's own: the server does so once the port and the database are known. */
export function installConfig(config: Config): Config {
  shared[installedKey] = Object.freeze(config)
  return config
}

/** The process's settings: what was installed, else the environment, parsed once. */
export function config(): Config {
  shared[installedKey] ??= Object.freeze(parseConfig(process.env, [], process.cwd()))
  return shared[installedKey]
}

/** Settings for a process that is starting: its environment and its command line. */
export function readConfig(args: readonly string[] = process.argv.slice(2)): Config {
  return parseConfig(process.env, args, process.cwd())
}
