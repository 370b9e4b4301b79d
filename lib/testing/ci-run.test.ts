import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rootFolder } from '../process/root.ts'
import { afterFile } from './cleanup.ts'

/** `.ci/run` with an npm that does what the test says, in a copy where nothing can be installed or tested by mistake. */
function runCi(npm: string, seconds: number) {
  const folder = mkdtempSync(join(tmpdir(), 'rigel-ci-'))
  afterFile(() => rmSync(folder, { recursive: true, force: true }))
  const bin = join(folder, 'bin')
  mkdirSync(join(folder, '.ci'))
  mkdirSync(bin)
  const write = (path: string, text: string) => {
    writeFileSync(path, text)
    chmodSync(path, 0o755)
  }
  write(join(folder, '.ci/run'), readFileSync(join(rootFolder, '.ci/run'), 'utf8'))
  for (const [name, script] of [
    ['npm', npm],
    ['chromium', 'exit 0'],
    ['python3.11', 'exit 0'],
    ['apt-get', 'exit 1'],
  ] as const)
    write(join(bin, name), `#!/usr/bin/env bash\n${script}\n`)
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    TMPDIR: folder,
    RIGEL_CI_SECONDS: String(seconds),
  }
  return new Promise<{ readonly status: number; readonly lines: readonly string[] }>((resolve) => {
    execFile(join(folder, '.ci/run'), { env }, (error, stdout) =>
      resolve({ status: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n') }),
    )
  })
}

test.skipIf(process.platform !== 'linux')(
  'a run that takes longer than it may is stopped, says what was running, and counts it as failed',
  async () => {
    const { status, lines } = await runCi(
      `case $* in
       'test --silent') echo '7 passed, 1 failed, 0 skipped'; exec sleep 600 ;;
       *check*) echo '3 passed, 0 failed' ;;
     esac`,
      8,
    )
    expect(status).toBe(1)
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^✗ The time of this run, 8 s, is over: test was running, for \d+ s\. It was stopped/,
      ),
    )
    expect(lines).toContain('  test, until then: 7 passed, 1 failed, 0 skipped')
    expect(lines.at(-1)).toBe('10 passed, 2 failed, 0 skipped')
  },
)

test.skipIf(process.platform !== 'linux')('a run that ends in time sums up what was said', async () => {
  const { status, lines } = await runCi(
    `case $* in
       'test --silent') echo '7 passed, 0 failed, 2 skipped' ;;
       *check*) echo '3 passed, 0 failed' ;;
     esac`,
    600,
  )
  expect(lines).toContain('Skipped: the acceptance suite, which is not beside this clone.')
  // The build counts as one.
  expect([status, lines.at(-1)]).toEqual([0, '11 passed, 0 failed, 2 skipped'])
})
