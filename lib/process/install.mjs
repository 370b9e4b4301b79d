// Plain Node without dependencies: it runs before anything is installed.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withFolderLock } from './folder-lock.mjs'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const oldestNode = [20, 9]

/** Ends the process with a sentence a person can act on. */
export function stop(message) {
  process.stderr.write(`\n${message}\n\n`)
  process.exit(1)
}

export function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return
  stop(
    `Rigel needs Node.js ${oldestNode.join('.')} or newer, and this is ${process.versions.node}.\nInstall a newer one from https://nodejs.org and try again.`,
  )
}

/**
 * For what runs until it is told to stop. npm hands a signal to the shell that it runs a script in, and a shell such as
 * Debian's dies of it and tells nobody: whoever stops `npm start` would leave the server behind, with its port and its database.
 * So the end of that shell counts as the signal. The system tells nobody of it either, hence the looking.
 */
export function endWithShell() {
  if (!process.env.npm_lifecycle_event) return
  const shell = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(looking)
    process.kill(process.pid, 'SIGTERM')
  }, 500)
  looking.unref()
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/**
 * Whether what is installed is what package-lock.json asks for; packages for other platforms may be missing. npm's list is
 * not believed alone: an installation that somebody cut off may leave it behind without the packages.
 */
export function isInstalled(folder = root) {
  const installedList = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(installedList)) return false
  const wanted = readJson(join(folder, 'package-lock.json')).packages
  const installed = readJson(installedList).packages
  return Object.entries(wanted).every(([path, { version, link, optional, peer }]) => {
    if (!path.includes('node_modules/') || link) return true
    if (installed[path])
      return installed[path].version === version && existsSync(join(folder, path, 'package.json'))
    return Boolean(optional || peer)
  })
}

/**
 * Says what goes on, then how long it took. On a terminal the seconds count up, so that nobody takes a slow step for a
 * hung one; elsewhere it is one line.
 */
export async function withProgress(words, work) {
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1000)
  const out = process.stderr
  const show = () => out.write(`\r\x1b[K  ${words} ${seconds()} s`)
  if (!out.isTTY) out.write(`  ${words}\n`)
  if (out.isTTY) show()
  const timer = out.isTTY ? setInterval(show, 1000) : undefined
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (out.isTTY) out.write(`\r\x1b[K  ${words} done in ${seconds()} s\n`)
  }
}

/** Runs a program to its end and answers its exit status and everything it said. */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let output = ''
    const keep = (chunk) => {
      output = (output + chunk).slice(-200_000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.once('error', (error) => resolve({ status: 127, output: `${output}\n${error.message}` }))
    child.once('close', (code) => resolve({ status: code ?? 1, output }))
  })
}

const tail = (text, lines = 40) => text.trim().split('\n').slice(-lines).join('\n')

/** Installing takes minutes on a slow line, and whoever waits for it sees that it does. */
const longestWorkMs = 30 * 60_000

/** Runs `work` while no other process installs or builds in this clone: two at once would leave half of each. */
export async function aloneInClone(work) {
  const onWait = () =>
    process.stderr.write('  Another process installs or builds here. Waiting until it has finished…\n')
  return withFolderLock(join(root, 'dist'), work, { timeoutMs: longestWorkMs, onWait })
}

/** Installs what package-lock.json asks for, if it is not there yet. */
export async function ensureInstalled() {
  if (!isInstalled()) await aloneInClone(install)
}

async function install() {
  // Whom we waited for has done it.
  if (isInstalled()) return
  const words = existsSync(join(root, 'node_modules'))
    ? 'Updating the packages that Rigel uses…'
    : 'Installing the packages that Rigel uses (about a minute, once)…'
  await withProgress(words, async () => {
    const quiet = ['--no-fund', '--no-audit', '--loglevel=error']
    const windows = process.platform === 'win32'
    const first = await capture('npm', ['ci', ...quiet], { shell: windows })
    if (first.status === 0) return
    // The lock file does not fit package.json while somebody works on the dependencies: let npm mend it.
    const second = await capture('npm', ['install', ...quiet], { shell: windows })
    if (second.status !== 0) {
      stop(
        `The packages could not be installed. npm said:\n\n${tail(second.output)}\n\nTry again when that is mended; most often it is the network.`,
      )
    }
  })
}
