import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { formatKey } from '../protocol/keys.js'
import { ControlPlane } from '../testing/control-plane.js'
import { buildAgent, builtCli, builtIndex, rigel, startNode, startRigel } from '../testing/rigel-command.js'
import { tempDir } from '../testing/temp-dir.js'
import { VERSION } from '../version.js'
import { main } from './main.js'

let removeBuild = () => {}
beforeAll(() => {
  removeBuild = buildAgent()
})
afterAll(() => removeBuild())

async function plane(): Promise<ControlPlane> {
  const started = await ControlPlane.start()
  onTestFinished(() => started.stop())
  return started
}

/** A control plane and a home directory that is signed in to it. */
async function signedIn() {
  const server = await plane()
  const home = join(tempDir(), 'home')
  const login = await rigel(['login', '-k', server.apiKey, '--url', server.url], { RIGEL_HOME: home })
  expect(login.code).toBe(0)
  return { server, home, env: { RIGEL_HOME: home } }
}

function file(name: string, text: string): string {
  const path = join(tempDir(), name)
  writeFileSync(path, text)
  return path
}

describe('rigel', () => {
  it('tells its version and its commands', async () => {
    expect(await rigel(['--version'], {})).toMatchObject({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
    const { stdout } = await rigel(['--help'], {})
    for (const name of ['login', 'run', 'flow-run logs', 'workspace ls', 'key verify'])
      expect(stdout).toContain(name)
    const path = new URL('../../package.json', import.meta.url)
    expect(JSON.parse(readFileSync(path, 'utf8')).version).toBe(VERSION)
  })

  it.each([
    'login',
    'logout',
    'whoami',
    'workspace ls',
    'workspace set',
    'run',
    'flow-run ls',
    'flow-run inspect',
    'flow-run logs',
    'key verify',
    'deploy',
    'serve',
    'worker start',
    'worker ls',
    'flow-run watch',
    'flow-run explain',
    'flow-run cancel',
    'flow-run retry',
    'flow-run pause',
    'flow-run resume',
    'flow-run delete',
    'deployment ls',
    'deployment inspect',
    'deployment run',
    'deployment pause',
    'deployment resume',
    'deployment delete',
    'deployment schedule ls',
    'deployment schedule delete',
    'work-pool ls',
    'work-pool inspect',
    'work-pool create',
    'work-pool pause',
    'work-pool resume',
    'work-pool delete',
    'work-pool update',
    'work-queue ls',
    'work-queue create',
    'work-queue update',
    'work-queue pause',
    'work-queue resume',
    'limit ls',
    'limit inspect',
    'limit create',
    'limit update',
    'limit delete',
    'variable ls',
    'variable get',
    'variable set',
    'variable delete',
    'automation ls',
    'automation inspect',
    'automation pause',
    'automation resume',
    'automation delete',
    'flow-run',
    'workspace',
    'deployment',
    'deployment schedule',
    'work-pool',
  ])('explains "%s" with --help', async (name) => {
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => printed.mockRestore())
    expect(await main([...name.split(' '), '--help'])).toBe(0)
    expect(String(printed.mock.calls[0])).toContain(`Usage: rigel ${name}`)
  })

  it.each([
    { args: ['lgoin'], says: /no command "lgoin"[\s\S]*try: rigel --help/ },
    { args: ['constructor'], says: /no command "constructor"[\s\S]*try: rigel --help/ },
    { args: ['flow-run', 'sl'], says: /no command "flow-run sl"[\s\S]*try: rigel flow-run --help/ },
    { args: ['login', '--nope'], says: /--nope[\s\S]*try: rigel login --help/ },
    { args: ['run'], says: /usage: rigel run FILE[\s\S]*try: rigel run --help/ },
    { args: ['flow-run', 'ls', '--limit', 'x'], says: /--limit takes a whole number/ },
  ])('answers $args with what to try next, and exit code 2', async ({ args, says }) => {
    const { code, stdout, stderr } = await rigel(args, { RIGEL_HOME: tempDir() })
    expect(stderr).toMatch(says)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('ends quietly when nobody reads on, and a flow goes on to its end', async () => {
    const { server, env } = await signedIn()
    const list = startRigel(['--help'], env)
    list.child.stdout?.destroy()
    expect(await list.finished).toMatchObject({ code: 0, stderr: '' })
    const path = file(
      'talk.mjs',
      `import { flow, logger } from '@rigel/agent'
       export const talk = flow({ name: 'talk' }, async () => { console.log('out'); logger.info('err'); return 'done' })
       `,
    )
    const run = startRigel(['run', path], env)
    run.child.stdout?.destroy()
    run.child.stderr?.destroy()
    expect(await run.finished).toMatchObject({ code: 0 })
    expect(server.records.at(-1)).toMatchObject({ kind: 'flow-run-state', state: { type: 'COMPLETED' } })
  })

  it('starts quickly: neither version nor import loads the connection', async () => {
    const script = `
      const before = process.cpuUsage()
      await import(${JSON.stringify(builtIndex())})
      const { user, system } = process.cpuUsage(before)
      console.log(JSON.stringify({ ms: (user + system) / 1000 }))`
    const run = await startNode(['--input-type=module', '-e', script], {}).finished
    // Of the processor, since the machine is shared; the promise is 50 ms on one of its own.
    expect(JSON.parse(run.stdout).ms).toBeLessThan(150)
    expect(readFileSync(builtIndex(), 'utf8')).not.toMatch(/from"ws"/)
    expect(readFileSync(builtCli(), 'utf8')).not.toMatch(/from"ws"/)
  })
})

describe('rigel login', () => {
  it('checks the key, keeps it where only its owner can read it, and never shows it', async () => {
    const server = await plane()
    const home = join(tempDir(), 'home')
    const { code, stdout, stderr } = await rigel(
      ['login', '-k', server.apiKey, '--url', `${server.url}/api/`],
      {
        RIGEL_HOME: home,
      },
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('Signed in to ada/lab')
    expect(stderr).not.toContain(server.apiKey)
    expect(statSync(join(home, 'profile.json')).mode & 0o777).toBe(0o600)
    expect(statSync(home).mode & 0o777).toBe(0o700)
    expect(JSON.parse(readFileSync(join(home, 'profile.json'), 'utf8'))).toEqual({
      url: server.url,
      apiKey: server.apiKey,
      workspace: { accountId: server.accountId, workspaceId: server.workspaceId, handle: 'ada/lab' },
    })
  })

  it('refuses a wrong key, a mistyped one, and a server that is not there, each in its own words', async () => {
    const server = await plane()
    const env = { RIGEL_HOME: tempDir() }
    const wrong = await rigel(['login', '-k', 'wrong-key', '--url', server.url], env)
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/refused the API key \(401\)[\s\S]*try: rigel login/),
    })
    expect(wrong.stderr).not.toContain('wrong-key')
    const key = formatKey('user', new Uint8Array(20).fill(7))
    const mistyped = await rigel(['login', '-k', `${key.slice(0, -1)}x`, '--url', server.url], env)
    expect(mistyped.stderr).toContain('mistyped')
    await server.stop()
    const gone = await rigel(['login', '-k', key, '--url', server.url], env)
    expect(gone).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
    })
    expect(existsSync(join(env.RIGEL_HOME, 'profile.json'))).toBe(false)
  })

  it('tells https from http, and does not send anybody to a page that cannot come up', async () => {
    const server = await plane()
    const env = { RIGEL_HOME: tempDir() }
    const https = server.url.replace('http:', 'https:')
    expect(await rigel(['login', '-k', server.apiKey, '--url', https], env)).toMatchObject({
      code: 1,
      stderr: `rigel: ${https} cannot be reached: what listens there speaks no https. Try http:// (ERR_SSL_WRONG_VERSION_NUMBER)\n`,
    })
    await server.stop()
    const browser = await rigel(['login', '--url', server.url], env)
    expect(browser).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing listens there (ECONNREFUSED)'),
    })
    expect(browser.stderr).not.toContain('Opening')
  })

  it('of several workspaces takes the one that was named, and otherwise lists them with the exact command', async () => {
    const server = await plane()
    server.workspaces.push(server.workspaceItem('ada/prod', randomUUID()))
    const env = { RIGEL_HOME: tempDir() }
    const args = ['login', '-k', server.apiKey, '--url', server.url]
    const undecided = await rigel(args, env)
    expect(undecided.code).toBe(1)
    expect(undecided.stderr).toMatch(/ada\/lab, ada\/prod[\s\S]*try: rigel login -k KEY --url .* -w ada\/lab/)
    expect((await rigel([...args, '-w', 'ada/none'], env)).stderr).toContain('no workspace "ada/none"')
    expect((await rigel([...args, '-w', 'ada/prod'], env)).stderr).toContain('Signed in to ada/prod')
    // The next time the same workspace is meant.
    expect((await rigel(args, env)).stderr).toContain('Signed in to ada/prod')
  })

  it('without a key asks in the browser, which posts it to a server on this machine', async () => {
    const server = await plane()
    const run = startRigel(['login', '--url', server.url], { RIGEL_HOME: tempDir() })
    let said = ''
    run.child.stderr?.on('data', (part: string) => {
      said += part
    })
    await run.says('Waiting for two minutes')
    const page = new URL(/Opening (\S+)/.exec(said)?.[1] ?? '')
    expect(page.origin + page.pathname).toBe(`${server.url}/auth/client`)
    expect(page.searchParams.get('source')).toBe('rigel')
    const callback = (page.searchParams.get('callback') ?? '').replace('localhost', '127.0.0.1')
    const preflight = await fetch(`${callback}/success`, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type')
    const post = (path: string, body: string) => fetch(`${callback}${path}`, { method: 'POST', body })
    expect((await post('/success', 'not json')).status).toBe(422)
    expect((await post('/other', '{}')).status).toBe(404)
    const answer = await post('/success', JSON.stringify({ api_key: server.apiKey }))
    expect({ status: answer.status, cors: answer.headers.get('access-control-allow-origin') }).toEqual({
      status: 200,
      cors: '*',
    })
    expect(await run.finished).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Signed in to ada/lab'),
    })
  })

  it('says so when the browser declined', async () => {
    const server = await plane()
    const run = startRigel(['login', '--url', server.url], { RIGEL_HOME: tempDir() })
    let said = ''
    run.child.stderr?.on('data', (part: string) => {
      said += part
    })
    await run.says('Waiting for two minutes')
    const port = /localhost%3A(\d+)/.exec(said)?.[1]
    const body = JSON.stringify({ reason: 'not now' })
    await fetch(`http://127.0.0.1:${port}/failure`, { method: 'POST', body })
    expect(await run.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('declined: not now'),
    })
  })
})

describe('a signed-in rigel', () => {
  it('knows who and where it is', async () => {
    const { server, env } = await signedIn()
    const whoami = await rigel(['whoami'], env)
    expect(whoami.stdout).toMatch(
      /^USER +WORKSPACE +URL +KEY\nada +ada\/lab +http.* any-…0001 \(profile\)\n$/,
    )
    expect(whoami.stdout).not.toContain(server.apiKey)
    expect(JSON.parse((await rigel(['whoami', '--json'], env)).stdout)).toMatchObject({
      user: 'ada',
      workspace_id: server.workspaceId,
    })
  })

  it('obeys RIGEL_API_KEY and every form of RIGEL_API_URL before the profile', async () => {
    const { server, env } = await signedIn()
    const other = await plane()
    for (const url of [other.url, `${other.url}/api`, other.apiUrl]) {
      const { stdout } = await rigel(['whoami', '--json'], { ...env, RIGEL_API_URL: url })
      expect(JSON.parse(stdout)).toMatchObject({ url: other.url, workspace_id: other.workspaceId })
    }
    const refused = await rigel(['whoami'], { ...env, RIGEL_API_KEY: 'another' })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`${server.url} refused`) })
    expect(refused.stderr).toMatch(/the API key in RIGEL_API_KEY \(401\)[\s\S]*try: export RIGEL_API_KEY=KEY/)
    const wrong = await rigel(['whoami'], { ...env, RIGEL_API_URL: 'nonsense' })
    expect(wrong.stderr).toContain('"nonsense" is not an address')
  })

  it('says in an address which of several workspaces is meant, where no profile can say it', async () => {
    const server = await plane()
    server.workspaces.push(server.workspaceItem('ada/prod', randomUUID()))
    const env = { RIGEL_HOME: tempDir(), RIGEL_API_KEY: server.apiKey, RIGEL_API_URL: server.url }
    for (const args of [['whoami'], ['flow-run', 'ls'], ['run', file('f.ts', SUM).concat(':sum')]]) {
      const { stderr } = await rigel(args, env)
      expect(stderr).toMatch(/opens several workspaces:? \(?ada\/lab, ada\/prod/)
      expect(stderr).toContain(`export RIGEL_API_URL=${server.apiUrl}`)
    }
    expect((await rigel(['workspace', 'set', 'ada/prod'], env)).stderr).toContain(
      'RIGEL_API_URL says which workspace',
    )
    expect((await rigel(['whoami'], { ...env, RIGEL_API_URL: server.apiUrl })).stdout).toContain('ada/lab')
  })

  it('closes a profile that others could read', async () => {
    const { env, home } = await signedIn()
    const profile = join(home, 'profile.json')
    chmodSync(profile, 0o644)
    expect((await rigel(['whoami'], env)).code).toBe(0)
    expect(statSync(profile).mode & 0o777).toBe(0o600)
  })

  it('lists and changes workspaces', async () => {
    const { server, env } = await signedIn()
    server.workspaces.push(server.workspaceItem('ada/prod', randomUUID()))
    expect((await rigel(['workspace', 'ls'], env)).stdout).toMatch(
      /^ +WORKSPACE +ID\n\* +ada\/lab .*\n +ada\/prod .*\n$/,
    )
    expect((await rigel(['workspace', 'set'], env)).stderr).toContain('try: rigel workspace set ada/lab')
    expect((await rigel(['workspace', 'set', 'ada/prod'], env)).code).toBe(0)
    expect((await rigel(['workspace', 'ls'], env)).stdout).toMatch(/\* +ada\/prod/)
  })

  it('forgets the key, and then every command says how to sign in', async () => {
    const { env, home } = await signedIn()
    expect((await rigel(['logout'], env)).code).toBe(0)
    expect(existsSync(join(home, 'profile.json'))).toBe(false)
    expect((await rigel(['logout'], env)).stderr).toBe('Nobody was signed in on this machine\n')
    for (const args of [['whoami'], ['workspace', 'ls'], ['flow-run', 'ls']]) {
      expect(await rigel(args, env)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('try: rigel login -k KEY'),
      })
    }
  })

  it('does not trust a profile that is not one', async () => {
    const { env, home } = await signedIn()
    writeFileSync(join(home, 'profile.json'), '{"url":1}')
    expect(await rigel(['whoami'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not a profile'),
    })
  })

  it('lists and inspects flow runs', async () => {
    const { server, env } = await signedIn()
    const id = randomUUID()
    const run = {
      id,
      name: 'golden-heron',
      flow_id: 'flow-1',
      state_type: 'FAILED',
      state_name: 'TimedOut',
      state: { type: 'FAILED', name: 'TimedOut', message: 'too slow' },
      start_time: '2026-01-01T00:00:00Z',
      end_time: null,
      total_run_time: 75,
      parameters: { date: 'today' },
      tags: ['a', 'b'],
      run_count: 2,
    }
    server.flowRuns.set(id, run)
    const { stdout } = await rigel(
      ['flow-run', 'ls', '--state', 'failed', '--flow', 'training', '--limit', '3'],
      env,
    )
    expect(stdout).toMatch(
      new RegExp(
        `^ID +NAME +FLOW +STATE +STARTED +TOOK\n${id}  golden-heron  training  TimedOut .* 1m 15s\n$`,
      ),
    )
    expect(server.bodies.find((each) => each.path.endsWith('flow_runs/filter'))?.body).toEqual({
      sort: 'EXPECTED_START_TIME_DESC',
      offset: 0,
      limit: 3,
      flows: { name: { any_: ['training'] } },
      flow_runs: { state: { type: { any_: ['FAILED'] } } },
    })
    const inspected = await rigel(['flow-run', 'inspect', id], env)
    expect(inspected.stdout).toContain('TimedOut: too slow')
    expect(JSON.parse((await rigel(['flow-run', 'inspect', 'golden-heron', '--json'], env)).stdout)).toEqual(
      run,
    )
    expect(await rigel(['flow-run', 'inspect', randomUUID()], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no flow run'),
    })
  })

  it('prints all log lines of a run, page by page', async () => {
    const { server, env } = await signedIn()
    const id = randomUUID()
    server.flowRuns.set(id, { id, name: 'n', state_type: 'COMPLETED' })
    server.logs = Array.from({ length: 450 }, (_, i) => log(i))
    const { stdout } = await rigel(['flow-run', 'logs', id], env)
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(450)
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000 \| WARNING \| line 0$/)
  })

  it('says of a run that is not there what to do next, by id as by name', async () => {
    const { env } = await signedIn()
    const id = randomUUID()
    for (const args of [
      ['inspect', id],
      ['logs', id],
      ['logs', '-f', id],
    ]) {
      expect(await rigel(['flow-run', ...args], env)).toMatchObject({
        code: 1,
        stderr: `rigel: there is no flow run "${id}" in this workspace\n  try: rigel flow-run ls\n`,
      })
    }
  })

  it('keeps the order of lines that come while those before them are being read', async () => {
    const { server, env } = await signedIn()
    const id = randomUUID()
    server.flowRuns.set(id, { id, name: 'n', state_type: 'RUNNING' })
    let asked = 0
    server.more = async (_method, path) => {
      if (path !== 'logs/filter' || asked++ > 0) return null
      await server.until(() => server.followerCount === 1)
      server.pushLog(log(2))
      server.logs = [log(0), log(1), log(2)]
      server.flowRuns.set(id, { id, name: 'n', state_type: 'COMPLETED' })
      return [200, [log(0), log(1)]]
    }
    const { stdout } = await rigel(['flow-run', 'logs', '-f', id], env)
    expect(stdout.match(/line \d/g)).toEqual(['line 0', 'line 1', 'line 2'])
  })

  it('follows without websockets where they are blocked', async () => {
    const { server, env } = await signedIn()
    const id = randomUUID()
    for (const status of [404, 502]) {
      server.behaviour.refuseUpgrades = status
      server.flowRuns.set(id, { id, name: 'n', state_type: 'RUNNING' })
      server.logs = [log(0)]
      const run = startRigel(['flow-run', 'logs', '-f', id], env)
      await run.says('line 0')
      server.logs = [log(0), log(1)]
      await run.says('line 1')
      server.flowRuns.set(id, { id, name: 'n', state_type: 'COMPLETED' })
      const { code, stdout } = await run.finished
      expect({ code, lines: stdout.match(/line \d/g) }).toEqual({ code: 0, lines: ['line 0', 'line 1'] })
    }
  })

  it('goes on following when the control plane comes back, and says once that it was away', async () => {
    const { server, env } = await signedIn()
    const id = randomUUID()
    server.flowRuns.set(id, { id, name: 'n', state_type: 'RUNNING' })
    server.logs = [log(0)]
    const run = startRigel(['flow-run', 'logs', '-f', id], env)
    await run.says('line 0')
    await server.stop()
    await run.says('cannot be reached. Trying again')
    server.logs = [log(0), log(1)]
    server.flowRuns.set(id, { id, name: 'n', state_type: 'COMPLETED' })
    await server.start()
    const { code, stdout, stderr } = await run.finished
    expect({ code, lines: stdout.match(/line \d/g) }).toEqual({ code: 0, lines: ['line 0', 'line 1'] })
    expect(stderr.match(/Trying again/g)).toHaveLength(1)
  })

  it('follows log lines until the run has ended, each once', async () => {
    const { server, env } = await signedIn()
    const id = randomUUID()
    server.flowRuns.set(id, { id, name: 'n', state_type: 'RUNNING' })
    server.logs = [log(0), log(1)]
    const run = startRigel(['flow-run', 'logs', '-f', id], env)
    await run.says('line 1')
    await server.until(() => server.followerCount === 1)
    server.pushLog(log(1))
    server.pushLog(log(2))
    await run.says('line 2')
    server.logs = [log(0), log(1), log(2), log(3)]
    server.flowRuns.set(id, { id, name: 'n', state_type: 'COMPLETED' })
    const { code, stdout } = await run.finished
    expect(code).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' | ')[2]),
    ).toEqual(['line 0', 'line 1', 'line 2', 'line 3'])
  })
})

const log = (i: number) => ({
  id: `log-${i}`,
  level: i === 0 ? 30 : 20,
  message: `line ${i}`,
  timestamp: '2026-01-01T00:00:00.000000Z',
})

describe('rigel key verify', () => {
  it('tells a whole key from a mistyped one without asking anybody, and never shows it', async () => {
    const key = formatKey('service', new Uint8Array(20).fill(3))
    expect(await rigel(['key', 'verify', key], {})).toMatchObject({ code: 0, stderr: '' })
    const swapped = key.slice(0, 10) + (key[10] === 'a' ? 'b' : 'a') + key.slice(11)
    const wrong = await rigel(['key', 'verify', swapped], {})
    expect(wrong).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('checksum') })
    expect(wrong.stderr).not.toContain(swapped)
    expect((await rigel(['key', 'verify', 'hello'], {})).stderr).toContain('form of a key')
  })
})

const SUM = `
  import { flow, task, logger } from '@rigel/agent'
  enum Sign { Plus = 1 }
  const add = task({ name: 'add' }, async (a: number, b: number): Promise<number> => a + Sign.Plus * b)
  export const sum = flow({ name: 'sum' }, async (a: number, b = 2) => {
    logger.info('adding')
    return { total: await add(a, b) }
  })
  export const fail = flow({ name: 'fail' }, async (): Promise<never> => { throw new Error('on purpose') })
`

describe('rigel run', () => {
  it('runs a flow from a TypeScript file, reports it, prints its page and its result', async () => {
    const { server, env } = await signedIn()
    const { code, stdout, stderr } = await rigel(['run', `${file('f.ts', SUM)}:sum`, '-p', 'a=40'], env)
    expect({ code, result: JSON.parse(stdout) }).toEqual({ code: 0, result: { total: 42 } })
    const run = server.records.find((each) => each.kind === 'flow-run')
    const page = `${server.url}/account/${server.accountId}/workspace/${server.workspaceId}/runs/flow-run/${run?.id}`
    expect(stderr.split('\n').filter((line) => line.includes(page))).toHaveLength(1)
    expect(stderr).not.toContain(server.apiKey)
    expect(
      server.records.map((each) => (each.kind === 'log' ? each.message : `${each.kind} ${each.state.name}`)),
    ).toEqual([
      'flow-run Pending',
      'flow-run-state Running',
      expect.stringContaining('Flow sum started'),
      'adding',
      'task-run Pending',
      'task-run Running',
      'task-run Completed',
      'Flow sum completed',
      'flow-run-state Completed',
    ])
  })

  it('exits with 1 when the flow fails, and says why', async () => {
    const { server, env } = await signedIn()
    const { code, stdout, stderr } = await rigel(['run', `${file('f.ts', SUM)}:fail`], env)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('ended Failed: Error: on purpose')
    expect(server.records.at(-1)).toMatchObject({ kind: 'flow-run-state', state: { type: 'FAILED' } })
  })

  it('tells the line of the file in which a flow or a task failed, once, and recorded as well', async () => {
    const { server, env } = await signedIn()
    const path = file(
      'deep.ts',
      `import { flow, task } from '@rigel/agent'
interface Row { readonly n: number }

const read = task({ name: 'read' }, async (row: Row) => {
  throw new TypeError('no such row', { cause: new Error('the disk is gone') })
})
export default flow({ name: 'deep' }, async () => read({ n: 1 }))
`,
    )
    const { stderr } = await rigel(['run', path], env)
    expect(
      stderr.match(/TypeError: no such row\n {4}at .*deep\.ts:5:9\)?\ncaused by Error: the disk is gone\n/g),
    ).toHaveLength(1)
    expect(stderr).not.toContain('node:')
    const logged = server.records.flatMap((each) =>
      each.kind === 'log' && each.level === 40 ? [each.message] : [],
    )
    expect(logged).toEqual([
      expect.stringMatching(/^TypeError: no such row\n {4}at .*deep\.ts:5:9/),
      'Flow deep ended Failed. TypeError: no such row',
    ])
  })

  it.each([
    ['export const x: = 5', /could not be loaded\. SyntaxError: .*load\.ts:1:16: ERROR: Unexpected "="\n$/],
    [
      'type A = string\n\nthrow new Error("at the top")',
      /could not be loaded\. Error: at the top\n +at .*load\.ts:3:7\)?\n$/,
    ],
    [
      'export { x } from "./missing"',
      /could not be loaded\. Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module .*missing/,
    ],
  ])('says what is wrong with a file that holds %j, and where', async (text, says) => {
    const { code, stderr } = await rigel(['run', file('load.ts', text)], { RIGEL_HOME: tempDir() })
    expect(code).toBe(1)
    expect(stderr).toMatch(says)
  })

  it('notes a parameter that the flow has not, where it may be meant as a member of its only one', async () => {
    const path = file(
      'one.ts',
      "import { flow } from '@rigel/agent'\nexport default flow(async (name) => name)\n",
    )
    const env = { RIGEL_HOME: tempDir() }
    const { code, stdout, stderr } = await rigel(['run', path, '-p', 'nme=Ada'], env)
    expect(stderr).toContain(
      'Note: flow flow has no parameter nme; its one parameter, name, gets an object of them',
    )
    expect({ code, result: JSON.parse(stdout) }).toEqual({ code: 0, result: { nme: 'Ada' } })
    expect((await rigel(['run', path, '-p', 'name=Ada'], env)).stderr).not.toContain('Note')
  })

  it('refuses a folder', async () => {
    const folder = tempDir()
    const { stderr } = await rigel(['run', folder], { RIGEL_HOME: tempDir() })
    expect(stderr).toBe(`rigel: ${folder} is a folder. Name a file in it\n`)
  })

  it('asks which flow is meant, and for parameters that exist', async () => {
    const path = file('f.ts', SUM)
    const env = { RIGEL_HOME: tempDir() }
    expect((await rigel(['run', path], env)).stderr).toMatch(
      /several flows: (sum, fail|fail, sum)[\s\S]*try: rigel run/,
    )
    expect((await rigel(['run', `${path}:nope`], env)).stderr).toContain('no flow "nope"')
    expect((await rigel(['run', `${path}:sum`, '-p', 'c=1'], env)).stderr).toContain(
      'no parameter c; it has a, b',
    )
    expect(await rigel(['run', `${path}:sum`, '-p', 'oops'], env)).toMatchObject({ code: 2 })
    expect((await rigel(['run', 'none.ts'], env)).stderr).toContain('there is no file')
    expect((await rigel(['run', file('x.mjs', 'export const x = 1')], env)).stderr).toContain(
      'exports no flow',
    )
  })

  it('works when nobody is signed in, and says so in one line', async () => {
    const { code, stdout, stderr } = await rigel(['run', `${file('f.ts', SUM)}:sum`, '-p', 'a=1'], {
      RIGEL_HOME: tempDir(),
    })
    expect({ code, result: JSON.parse(stdout) }).toEqual({ code: 0, result: { total: 3 } })
    expect(stderr.split('\n').filter((line) => line.startsWith('rigel:'))).toEqual([
      expect.stringContaining('nothing is being reported, because nobody is signed in'),
    ])
  })

  it('works while the control plane is down; the next command delivers what it had to say', async () => {
    const { server, env } = await signedIn()
    await server.stop()
    const first = await rigel(['run', `${file('f.ts', SUM)}:sum`, '-p', 'a=1'], {
      ...env,
      RIGEL_DRAIN_SECONDS: '0.2',
    })
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/\d+ records are not yet delivered/),
    })
    await server.start()
    const { stderr } = await rigel(['flow-run', 'ls'], env)
    expect(stderr).toMatch(/delivered \d+ records/)
    expect(server.records.at(-1)).toMatchObject({ kind: 'flow-run-state', state: { type: 'COMPLETED' } })
  })
})

describe('a script without the command', () => {
  it('reports, and ends by itself when everything is delivered', async () => {
    const { server, env } = await signedIn()
    const script = file(
      's.mjs',
      `
      import { flow } from ${JSON.stringify(builtIndex())}
      console.log(await flow({ name: 'alone' }, async () => 7)())`,
    )
    expect(await startNode([script], env).finished).toMatchObject({ code: 0, stdout: '7\n' })
    expect(server.records.at(-1)).toMatchObject({ kind: 'flow-run-state', state: { type: 'COMPLETED' } })
  })

  it('finds the only workspace of a key from the environment, and then prints the page', async () => {
    const server = await plane()
    const script = file(
      's.mjs',
      `
      import { flow } from ${JSON.stringify(builtIndex())}
      await flow({ name: 'alone' }, async () => 7)()`,
    )
    const env = { RIGEL_HOME: tempDir(), RIGEL_API_KEY: server.apiKey, RIGEL_API_URL: server.url }
    const { stderr } = await startNode([script], env).finished
    expect(stderr).toContain(`/workspace/${server.workspaceId}/runs/flow-run/`)
    expect(server.records.at(-1)).toMatchObject({ state: { type: 'COMPLETED' } })
  })
})
