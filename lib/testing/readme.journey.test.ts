import { execFile, execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../config/config.ts'
import { rootFolder } from '../process/root.ts'
import { findPrefectClient, startProgram } from './python.ts'

/**
 * Runs what the README tells its reader to type, as it stands there. What differs from the reader's machine is said by the
 * environment, never by another command:
 *
 * - REPOSITORY is this clone;
 * - the clone finds the packages and builds of this one, as after a first start: nothing is fetched twice;
 * - HOME, PORT and npm's global folder are temporary, RIGEL_API_URL and PREFECT_CLOUD_API_URL say the port, KEY and WORKSPACE are what
 *   the bootstrap made;
 * - `pip` finds the Prefect client that the tests have already (PYTHONPATH), instead of fetching it.
 */
const readme = readFileSync(join(rootFolder, 'README.md'), 'utf8')

interface Block {
  readonly language: string
  /** The heading above it. */
  readonly section: string
  readonly text: string
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let section = ''
  let open: { language: string; lines: string[] } | undefined
  for (const line of markdown.split('\n')) {
    const fence = /^```(\w*)/.exec(line)
    if (fence && open) {
      blocks.push({ language: open.language, section, text: `${open.lines.join('\n')}\n` })
      open = undefined
    } else if (fence) open = { language: fence[1] ?? '', lines: [] }
    else if (open) open.lines.push(line)
    else section = /^#+ (.*)/.exec(line)?.[1] ?? section
  }
  return blocks
}

const blocks = blocksOf(readme)
const inSection = (section: string): Block[] => blocks.filter((block) => block.section === section)

const prefect = await findPrefectClient()
const canClone = existsSync(join(rootFolder, '.git'))
if (!canClone)
  console.warn('Skipped the commands of the README: this is no git clone, so it cannot be cloned')
if ('missing' in prefect) console.warn(`Skipped the Python commands of the README: ${prefect.missing}`)

describe.skipIf(!canClone)('the commands of the README', () => {
  let folder: string
  let clone: string
  let env: NodeJS.ProcessEnv
  let server: ReturnType<typeof spawn> | undefined
  let said = ''

  /** Types the lines one after the other into one shell, which stops at the first that fails. */
  async function type(
    section: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly stdout: string; readonly output: string }> {
    const lines: string[] = []
    for (const { language, text } of inSection(section)) {
      const file = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1]
      if (language === 'sh') lines.push(text)
      else if (file) writeFileSync(join(clone, file), text)
    }
    expect(lines.length, `commands under "${section}"`).toBeGreaterThan(0)
    const shell = startProgram('bash', ['-ec', lines.join('\n')], { ...env, ...more }, clone)
    const { status, stdout, output } = await shell.ended
    expect(status, output).toBe(0)
    return { stdout, output }
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rigel-readme-'))
    clone = join(folder, 'rigel')
    const home = join(folder, 'home')
    mkdirSync(home)
    const port = await freePort()
    const { PATH = '', LANG } = process.env
    env = {
      NODE_ENV: 'production',
      PATH: [join(folder, 'global', 'bin'), PATH].join(delimiter),
      HOME: home,
      ...(LANG ? { LANG } : {}),
      PORT: String(port),
      npm_config_prefix: join(folder, 'global'),
      npm_config_cache: join(folder, 'npm'),
      npm_config_update_notifier: 'false',
      REPOSITORY: rootFolder,
      RIGEL_API_URL: `http://127.0.0.1:${port}`,
      BROWSER: 'none',
    }
  })

  afterAll(async () => {
    if (server && server.exitCode === null) {
      const ended = new Promise((resolve) => server?.once('close', resolve))
      // npm and the server that it started.
      if (server.pid) process.kill(-server.pid, 'SIGTERM')
      await ended
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  })

  test('start a fresh clone', { timeout: 900_000 }, async () => {
    const [block] = inSection('Start it')
    const [first = '', second = ''] = block?.text.trim().split('\n') ?? []
    expect(first).toMatch(/^git clone /)
    expect(second).toBe('cd rigel && npm start')
    await promisify(execFile)('bash', ['-ec', first], { cwd: folder, env })
    bringBuilds(clone)
    server = spawn('bash', ['-ec', second], {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        said += chunk.toString()
        if (said.includes('Rigel is ready')) resolve()
      }
      server?.stdout?.on('data', hear)
      server?.stderr?.on('data', hear)
      server?.once('close', (code) => reject(new Error(`npm start ended with ${code}:\n${said}`)))
    })
    expect(said).toMatch(/Sign in +http:\/\/127\.0\.0\.1:\d+\/sign-in\/local\?token=/)
  })

  test('make a tenant, whose key the next ones use', async () => {
    const made = JSON.parse((await type('Commands')).stdout)
    expect(Object.keys(made).sort()).toEqual(
      [...inTable('Commands').matchAll(/`(api_url|\w+_id|\w+_handle|api_key)`/g)]
        .map(([, name]) => name)
        .sort(),
    )
    // As Settings → API keys makes one: for this workspace.
    const answer = await fetch(`${made.api_url}/me/api_keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made.api_key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'readme',
        workspace_id: made.workspace_id,
        role: 'developer',
        expiration: null,
      }),
    })
    env.KEY = ((await answer.json()) as { readonly key: string }).key
    env.WORKSPACE = `${made.account_handle}/${made.workspace_handle}`
    env.PREFECT_CLOUD_API_URL = made.api_url
  })

  test('run flows in TypeScript', async () => {
    const { output } = await type('Two minutes with TypeScript')
    expect(output).toContain('Signed in to acme/main')
    expect(output).toContain('Hello, Ada!')
    expect(output).toContain('Hello, Grace!')
    expect(output).toContain('/runs/flow-run/')
  })

  test('let the server start them', async () => {
    const { output } = await type('Let Rigel start it')
    expect(output).toContain('Hello, Grace!')
    expect(output).toContain('Scheduled for later')
  })

  test.skipIf('missing' in prefect)('run flows in Python', async () => {
    if ('missing' in prefect) return
    const [packages = ''] = execFileSync(prefect.python, ['-c', 'import prefect; print(prefect.__path__[0])'])
      .toString()
      .split('\n')
    const { output } = await type('Two minutes with Python', {
      PATH: [env.PATH, dirname(prefect.python)].join(delimiter),
      PYTHONPATH: dirname(packages),
      PREFECT_HOME: join(folder, 'home', '.prefect'),
      PYTHONDONTWRITEBYTECODE: '1',
      DO_NOT_TRACK: '1',
    })
    expect(output).toContain('Hello, Ada!')
  })

  test('are all run by the tests above', () => {
    const run = [
      ...['Start it', 'Commands', 'Two minutes with TypeScript', 'Two minutes with Python'],
      'Let Rigel start it',
    ]
    expect(blocks.filter(({ language, section }) => language === 'sh' && !run.includes(section))).toEqual([])
  })
})

test('every command that the README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(rootFolder, 'package.json'), 'utf8'))
  const named = [...readme.matchAll(/npm (?:run (?:--silent )?([\w:]+)|(start|test)\b)/g)].map(
    ([, script, short]) => script ?? short ?? '',
  )
  expect(named.filter((name) => !(name in scripts))).toEqual([])
  // The table has them all.
  const table = inTable('Commands')
  expect(Object.keys(scripts).filter((name) => !table.includes(name))).toEqual([])
})

test('every variable of the settings is in the table, and the settings of the recipe are good ones', () => {
  const source = readFileSync(join(rootFolder, 'lib/config/config.ts'), 'utf8')
  const known = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): \{/gm)].map(([, name = '']) => name)
  const table = inTable('Configuration')
  expect(known.length).toBeGreaterThan(8)
  expect(known.filter((name) => !table.includes(`\`${name}\``))).toEqual([])
  expect([...table.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name = '']) => name)).toEqual(
    expect.arrayContaining(known),
  )
  const [settings] = blocks.filter(({ language }) => language === 'ini')
  const env = Object.fromEntries(
    settings?.text
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)) ?? [],
  )
  expect(parseConfig(env).publicUrl).toBe('https://rigel.example.com')
})

test('every file and folder that the README points to is there', () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path)
  const folders = [...inTable('Architecture, in one page').matchAll(/`([\w/]+\/)`/g)].map(
    ([, path = '']) => path,
  )
  expect(folders.length).toBeGreaterThan(10)
  expect([...links, ...folders].filter((path) => !existsSync(join(rootFolder, path)))).toEqual([])
  const anchors = [...readme.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor)
  const headings = [...readme.matchAll(/^#+ (.*)/gm)].map(([, words = '']) =>
    words
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  expect(anchors.filter((anchor) => !headings.includes(anchor ?? ''))).toEqual([])
})

const systemd = findProxy('systemd-analyze', '--version')
if (!systemd) console.warn('Skipped the recipe for systemd: there is no systemd-analyze here')

test.skipIf(!systemd)('systemd takes its recipe', () => {
  const [recipe] = blocks.filter(({ language }) => language === 'systemd')
  const folder = mkdtempSync(join(tmpdir(), 'rigel-systemd-'))
  try {
    // The user and the folders are not on this machine; what is checked is that every line is understood.
    const text = recipe?.text.replace('User=rigel', 'User=root').replaceAll('/srv/rigel', folder) ?? ''
    expect(text).toContain('ExecStart=')
    const file = join(folder, 'rigel.service')
    writeFileSync(file, text)
    const said = execFileSync('bash', ['-c', `"${systemd}" verify "${file}" 2>&1 || true`]).toString()
    expect(said.split('\n').filter((line) => line.includes('rigel.service'))).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const nginx = findProxy('nginx', '-v')
const caddy = findProxy('caddy', 'version')
for (const [name, path] of Object.entries({ nginx, caddy }))
  if (!path) console.warn(`Skipped the recipe for ${name}: there is no ${name} here`)

test.skipIf(!nginx)('nginx takes its recipe', () => {
  const [recipe] = blocks.filter(({ language }) => language === 'nginx')
  const folder = mkdtempSync(join(tmpdir(), 'rigel-nginx-'))
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=rigel.example.com'],
        ...['-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')],
      ],
      { stdio: 'ignore' },
    )
    // The certificate is not where the recipe says, and port 443 may be another's: the syntax is what is checked.
    const text = recipe?.text.replaceAll('/etc/letsencrypt/live/rigel.example.com', folder) ?? ''
    const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    )
    writeFileSync(
      join(folder, 'nginx.conf'),
      `pid ${folder}/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n${own.join('\n')}\n${text}\n}\n`,
    )
    execFileSync(nginx ?? '', ['-t', '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'pipe' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.skipIf(!caddy)('Caddy takes its recipe, formatted as it would', () => {
  const [recipe] = blocks.filter(({ language }) => language === 'caddy')
  const folder = mkdtempSync(join(tmpdir(), 'rigel-caddy-'))
  try {
    const file = join(folder, 'Caddyfile')
    writeFileSync(file, recipe?.text ?? '')
    const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
    execFileSync(caddy ?? '', ['adapt', '--config', file, '--adapter', 'caddyfile'], { stdio: 'pipe', env })
    expect(execFileSync(caddy ?? '', ['fmt', file], { env }).toString()).toBe(recipe?.text)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function inTable(section: string): string {
  const from = readme.indexOf(`\n## ${section}\n`)
  const to = readme.indexOf('\n## ', from + 4)
  return readme.slice(from, to < 0 ? undefined : to)
}

function findProxy(name: string, question: string): string | undefined {
  // Debian keeps servers out of a user's path.
  return [name, `/usr/sbin/${name}`].find((path) => {
    try {
      execFileSync(path, [question], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/**
 * Packages and builds of this clone, so that the other need not fetch and make them again; what is stale it makes anew.
 * Builds are copied, since a build writes into its files; packages are linked where the file system allows it.
 */
function bringBuilds(clone: string): void {
  for (const path of ['dist', '.next', 'agent/dist']) {
    const from = join(rootFolder, path)
    if (existsSync(from)) cpSync(from, join(clone, path), { recursive: true })
  }
  const packages = join(rootFolder, 'node_modules')
  // Other tests keep programs for the moment there.
  const names = readdirSync(packages).filter((name) => !/^\.(rigel-|vite|cache)/.test(name))
  const target = join(clone, 'node_modules')
  mkdirSync(target)
  const copy = (how: string) =>
    execFileSync('cp', [how, ...names, target], { cwd: packages, stdio: 'ignore' })
  try {
    copy('-al')
  } catch {
    // Another file system.
    copy('-a')
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || !address) throw new Error('no port is free')
  return address.port
}
