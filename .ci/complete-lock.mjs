// node .ci/complete-lock.mjs: adds to package-lock.json the packages of other platforms that a registry did not serve.
// Without them `npm ci` refuses the lock file, and a clone on macOS or Windows gets no binaries of its own.
import { readFileSync, writeFileSync } from 'node:fs'

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))

const systems = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  openharmony: 'openharmony',
  sunos: 'sunos',
  aix: 'aix',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
}
const processors = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'ppc64',
  's390x',
  'riscv64',
  'loong64',
  'mips64el',
  'wasm32',
]

/** What npm would have written, as far as the name tells; without an integrity, which only the registry knows. */
function entryFor(name, version, parent) {
  const words = name.replace(/^@[^/]+\//, '').split(/[-/]/)
  const os = words.map((word) => systems[word]).find(Boolean)
  const cpu = processors.find((each) => words.includes(each)) ?? (words.includes('arm') ? 'arm' : undefined)
  if (!cpu) return undefined
  return {
    version,
    cpu: [cpu],
    ...(parent.dev ? { dev: true } : {}),
    ...(os === 'linux' && words.includes('musl') ? { libc: ['musl'] } : {}),
    ...(os === 'linux' && words.includes('gnu') ? { libc: ['glibc'] } : {}),
    optional: true,
    ...(os ? { os: [os] } : {}),
  }
}

const added = []
for (const [place, found] of Object.entries(lock.packages)) {
  for (const [name, wanted] of Object.entries(found.optionalDependencies ?? {})) {
    const nested = `${place}/node_modules/${name}`
    const hoisted = `node_modules/${name}`
    if (lock.packages[nested] || lock.packages[hoisted]) continue
    const exact = /^[~^]?(\d+\.\d+\.\d+[\w.+-]*)$/.exec(wanted)?.[1]
    const entry = exact && entryFor(name, exact, found)
    if (!entry) {
      process.stderr.write(`not added: ${name}@${wanted} of ${place}\n`)
      continue
    }
    lock.packages[hoisted] = entry
    added.push(`${name}@${exact}`)
  }
}

if (added.length > 0) {
  const inOrder = ([a], [b]) => (a < b ? -1 : 1)
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(inOrder))
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
}
process.stdout.write(
  added.length === 0 ? 'The lock file is complete.\n' : `Added ${added.length}:\n${added.join('\n')}\n`,
)
