// npm test: everything that can run here. What cannot is named, with the reason, and counted as skipped.
// Arguments go to vitest: `npm test -- lib/domain`, `npm test -- --project unit`.
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { checkNodeVersion, ensureInstalled, root } from '../process/install.mjs'

checkNodeVersion()
await ensureInstalled()
const { ensureBuilt } = await import('../process/build.mjs')

const args = process.argv.slice(2)
const everything = args.length === 0
const quick = ['unit', 'agent', 'db', 'api']

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const hasProgram = (names) =>
  names.some((name) =>
    (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, name))),
  )

function hasPython() {
  return hasProgram(['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3'])
}

const folder = mkdtempSync(join(tmpdir(), 'rigel-report-'))

/** What runs now; once it is told to stop, nothing more begins. */
const running = new Set()
let stopped = null
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopped = `Stopped by ${signal} while it ran ${[...running].map(({ name }) => name).join(' and ') || 'nothing yet'}.`
    for (const { child } of running) child.kill(signal)
  })
}

/**
 * Runs vitest and answers its counts. A run that breaks before it counts is one failure. `aside`: another one has the
 * terminal meanwhile, so what it says is said when it has ended.
 */
async function vitest(name, options, { aside = false } = {}) {
  if (stopped) return { passed: 0, failed: 0, skipped: 0 }
  const report = join(folder, `${name}.json`)
  const status = await new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...options,
      ],
      { cwd: root, stdio: aside ? ['ignore', 'pipe', 'pipe'] : 'inherit' },
    )
    const entry = { name, child }
    running.add(entry)
    const said = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => said.push(chunk))
    const end = (code) => {
      running.delete(entry)
      if (said.length > 0) process.stdout.write(`\nMeanwhile, ${name}:\n${Buffer.concat(said)}`)
      resolve(code)
    }
    child.once('error', () => end(127))
    child.once('close', (code) => end(code ?? 1))
  })
  let counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    const {
      numPassedTests,
      numFailedTests,
      numPendingTests,
      numTodoTests = 0,
      testResults,
    } = JSON.parse(readFileSync(report, 'utf8'))
    // A file that fails to load has no tests to count.
    const broken = testResults.filter(
      ({ status: result, assertionResults }) =>
        result === 'failed' && assertionResults.every((each) => each.status !== 'failed'),
    ).length
    counts = {
      passed: numPassedTests,
      failed: numFailedTests + broken,
      skipped: numPendingTests + numTodoTests,
    }
  } catch {
    counts.failed = 1
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

const totals = { passed: 0, failed: 0, skipped: 0 }
const add = (counts) => {
  for (const key of Object.keys(totals)) totals[key] += counts[key]
}
const missing = []

try {
  if (everything) {
    // The journeys and the command's own tests run what a user would run.
    await ensureBuilt()
    const both = await Promise.all([
      // Five minutes, of which it waits for most.
      vitest('replicas', ['--project', 'replicas'], { aside: true }),
      vitest(
        'quick',
        quick.flatMap((name) => ['--project', name]),
      ),
    ])
    for (const counts of both) add(counts)
    if (!hasProgram(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])) {
      missing.push('browser journeys: no Chromium was found (Debian: apt-get install chromium)')
    }
    if (!hasPython())
      missing.push(
        'runs of the Prefect client: no Python from 3.10 on was found (Debian: apt-get install python3 python3-venv)',
      )
    add(await vitest('journeys', ['--project', 'journeys', '--passWithNoTests']))
  } else {
    if (!args.some((arg) => arg.includes('unit'))) await ensureBuilt(['agent'])
    add(await vitest('chosen', args))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

if (stopped) {
  process.stdout.write(`\n${stopped}\n`)
  totals.failed ||= 1
}
for (const what of missing) process.stdout.write(`\nSkipped ${what}`)
if (missing.length > 0) process.stdout.write('\n')
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
process.exit(totals.failed === 0 ? 0 : 1)
