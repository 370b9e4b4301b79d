// Starts what is measured, each as a process of its own, and takes it all down again.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { bundleOptions, ensureBuilt } from '../lib/process/build.mjs'
import { root } from '../lib/process/install.mjs'

const undo = []

/** Everything that was started, in the opposite order. */
export async function takeDown() {
  for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch(() => undefined)
}

/** A module of lib/, which is TypeScript, as this process can import it. */
export async function importSource(path) {
  const { build } = await import('esbuild')
  // Inside the clone, so that packages are found from there.
  const folder = mkdtempSync(join(root, 'node_modules', '.rigel-bench-'))
  try {
    const outfile = join(folder, 'module.mjs')
    await build({ ...bundleOptions, sourcemap: false, outdir: undefined, entryPoints: [path], outfile })
    return await import(pathToFileURL(outfile).href)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'rigel-bench-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** The Postgres of `npm start` in a data folder of its own: what is acknowledged is on disk. */
export async function startPostgres() {
  const dataDir = temporaryFolder()
  const folder = join(dataDir, 'postgres')
  const { startEmbeddedPostgres } = await importSource('lib/process/embedded-postgres.ts')
  const server = await startEmbeddedPostgres({ folder })
  undo.push(server.stop)
  const pid = Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10)
  return {
    dataDir,
    pid,
    urlOf: (name) => server.url.replace(/\/[^/]*$/, `/${name}`),
    async create(name) {
      const sql = postgres(server.url, { max: 1 })
      await sql`create database ${sql(name)}`
      await sql.end()
    },
  }
}

/** Starts a program of its own process group, and answers when `isReady` is true of its output. */
async function start(command, args, { env, isReady, seconds }) {
  const child = spawn(command, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  child.once('error', (error) => {
    ended = true
    output += error.message
  })
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => {
      output = (output + part).slice(-100_000)
    })
  const stop = async () => {
    if (ended) return
    const exit = once(child, 'exit')
    const signal = (name) => {
      try {
        process.kill(-child.pid, name)
      } catch {
        // It has ended by itself.
      }
    }
    signal('SIGTERM')
    const late = setTimeout(signal, 15_000, 'SIGKILL')
    await exit
    clearTimeout(late)
  }
  undo.push(stop)
  const giveUpAt = performance.now() + seconds * 1000
  while (!(await isReady(output))) {
    if (ended || performance.now() > giveUpAt)
      throw new Error(`${command} ${ended ? 'ended' : 'was not ready'}: ${output.trim().slice(-2000)}`)
    await wait(50)
  }
  return { child, stop, output: () => output }
}

const { PATH, HOME } = process.env

/** What `npm start` gives node. */
export const startFlags = () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return scripts.start.split(' ').filter((word) => word.startsWith('--'))
}

/**
 * Rigel's server as `npm start` runs it, API only, with a tenant: on the embedded Postgres of `dataDir`, or on another
 * database. `profile` names a folder for a CPU profile, written when it stops; `inspect` opens node's inspector.
 */
export async function startRigel({ dataDir = temporaryFolder(), databaseUrl, profile, inspect }) {
  await ensureBuilt(['server'])
  const env = {
    ...{ PATH, HOME, NODE_ENV: 'production', PORT: '0', LOG_LEVEL: 'error', RIGEL_DATA_DIR: dataDir },
    ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
  }
  const flags = [
    ...startFlags(),
    ...(profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : []),
    ...(inspect ? ['--inspect=127.0.0.1:0'] : []),
  ]
  const { child, stop, output } = await start(
    process.execPath,
    [...flags, join(root, 'dist', 'server.js'), '--no-ui'],
    {
      env,
      isReady: (output) => output.includes('Rigel is ready'),
      seconds: 60,
    },
  )
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...[
        join(root, 'dist', 'admin.js'),
        'bootstrap',
        '--json',
        '--user',
        'bench',
        '--email',
        'b@example.com',
      ],
      ...['--account', 'bench', '--workspace', 'bench'],
    ],
    { env, cwd: root },
  )
  const tenant = JSON.parse(stdout)
  return {
    pid: child.pid,
    stop,
    /** Address of the inspector, where it was asked for. */
    inspector: /ws:\/\/\S+/.exec(output())?.[0],
    url: `${tenant.api_url}/accounts/${tenant.account_id}/workspaces/${tenant.workspace_id}`,
    key: tenant.api_key,
  }
}

export async function startBareHono() {
  let port
  const { child } = await start(process.execPath, [join(root, 'bench', 'bare-hono.mjs')], {
    env: { PATH, HOME, NODE_ENV: 'production' },
    isReady: (output) => {
      if (output.includes('\n')) port = JSON.parse(output.split('\n')[0]).port
      return port !== undefined
    },
    seconds: 20,
  })
  return { pid: child.pid, url: `http://127.0.0.1:${port}/api/accounts/a/workspaces/w` }
}

function findFreePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

const referenceScript = join(root, '..', 'shared', 'bench', 'reference-server')
export const sharedDriver = join(root, '..', 'shared', 'bench', 'drive.mjs')

/** The reference server; throws a sentence where it cannot be had. */
export async function startReference(databaseUrl) {
  if (!existsSync(referenceScript)) throw new Error('the script that starts it is not beside this clone')
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/api`
  const { TMPDIR, XDG_CACHE_HOME } = process.env
  await start('bash', [referenceScript, databaseUrl, String(port)], {
    env: { ...process.env, PATH, HOME, ...(TMPDIR && { TMPDIR }), ...(XDG_CACHE_HOME && { XDG_CACHE_HOME }) },
    isReady: () =>
      fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    // Its Python packages are installed the first time.
    seconds: 420,
  })
  return { url }
}
