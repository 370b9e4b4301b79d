import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildAgent, rigel, startRigel } from '../testing/rigel-command.js'
import { signedInHome } from '../testing/signed-in-home.js'
import { tempDir } from '../testing/temp-dir.js'
import { type PlannedRun, WorkPlane } from '../testing/work-plane.js'

let removeBuild = () => {}
beforeAll(() => {
  removeBuild = buildAgent()
})
afterAll(() => removeBuild())

const FLOWS = `
  import { flow, logger, runContext, task } from '@rigel/agent'
  import { writeFileSync, existsSync } from 'node:fs'
  const exists = (path) => new Promise((resolve) => {
    const look = () => (existsSync(path) ? resolve() : setTimeout(look, 10))
    look()
  })
  const forever = () => new Promise(() => setInterval(() => {}, 1000))
  const shout = task({ name: 'shout' }, (word) => word.toUpperCase())
  export const greet = flow({ name: 'greet' }, async (name, mark = '!') => {
    console.log('printing to ' + name + ' in ' + process.env.GREETING)
    logger.info(await shout(name))
    return name + mark
  })
  export const fails = flow({ name: 'fails' }, () => { throw new RangeError('no such row') })
  export const exits = flow({ name: 'exits' }, () => { console.error('about to go'); process.exit(3) })
  export const waits = flow({ name: 'waits' }, async (path) => { console.log('waiting'); await exists(path) })
  export const tidies = flow({ name: 'tidies' }, async (path) => {
    const { signal } = runContext()
    console.log('waiting')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    if (!path) return
    console.log('tidying up')
    await exists(path)
    console.log('tidied up')
  })
  export const deaf = flow({ name: 'deaf' }, async () => {
    process.on('SIGTERM', () => console.log('SIGTERM is nothing to me'))
    console.log('waiting')
    await forever()
  })
  export const writes = flow({ name: 'writes' }, (path) => writeFileSync(path, ''))
  export const flaky = flow({ name: 'flaky', retries: 1 }, () => {
    if (runContext().attempt === 1) throw new Error('once')
  })
`

/** A worker of a pool with the flows above. */
async function world() {
  const world = await WorkPlane.start()
  world.addPool('local')
  const folder = tempDir()
  writeFileSync(join(folder, 'flows.mjs'), FLOWS)
  const home = signedInHome(world.plane)
  return {
    world,
    folder,
    home,
    plan: (flow: string, parameters = {}, policy = {}): PlannedRun =>
      world.plan(world.deployment(`flows.mjs:${flow}`, folder), parameters, policy),
    work: (...args: string[]) =>
      startRigel(['worker', 'start', '-p', 'local', '--name', 'blue', ...args], { RIGEL_HOME: home }),
    isPrinted: (run: PlannedRun, line: string) =>
      world.plane.until(() => world.lines(run, 'process').includes(line), `"${line}"`),
  }
}

const names = (run: PlannedRun) => run.states.map((state) => state.name)

describe('a worker', () => {
  it('executes a claimed run in a process of its own, with states under the claim and what it prints as log lines', async () => {
    const { world: w, folder, work, isPrinted } = await world()
    const more = { job_variables: { env: { GREETING: 'a poem' } } }
    const run = w.plan(w.deployment('flows.mjs:greet', folder, more), { name: 'ada' })
    const worker = work()
    await w.until(run, 'Completed')
    await isPrinted(run, 'printing to ada in a poem')
    worker.child.kill('SIGTERM')
    expect(await worker.finished).toMatchObject({ code: 0, stdout: '' })
    expect(names(run)).toEqual(['Scheduled', 'Pending', 'Running', 'Completed'])
    expect(w.lines(run, 'process')).toEqual(['printing to ada in a poem'])
    expect(w.lines(run, 'rigel.task-runs').concat(w.lines(run, 'rigel.flow-runs'))).toContain('ADA')
    expect(run.pid).toMatch(/^.+:\d+$/)
    expect(w.plane.records.filter((each) => each.kind === 'flow-run')).toEqual([])
    expect((await worker.finished).stderr).toMatch(/run-1: Completed after/)
  })

  it('says of a run that cannot end by itself how its process ended, with its last lines', async () => {
    const { world: w, plan, work } = await world()
    const runs = [
      plan('exits'),
      plan('fails'),
      plan('nowhere'),
      plan('greet', { nom: 'ada' }),
      plan('flaky'),
    ] as const
    work()
    await w.plane.until(() => runs.every((run) => /Crashed|Failed|Completed/.test(w.stateOf(run).name)))
    const [exits, fails, nowhere, misnamed, flaky] = runs
    expect(w.stateOf(exits)).toMatchObject({
      type: 'CRASHED',
      message: 'The process ended before the flow did (exit code 3). Its last lines:\nabout to go',
    })
    expect(w.stateOf(fails)).toMatchObject({ type: 'FAILED', message: 'RangeError: no such row' })
    expect(w.stateOf(nowhere)).toMatchObject({
      type: 'CRASHED',
      message: expect.stringContaining('exports no flow "nowhere"'),
    })
    expect(w.stateOf(misnamed)).toMatchObject({
      type: 'FAILED',
      message: expect.stringContaining('there is no parameter nom'),
    })
    // A retry waits with its process: SCHEDULED would hand the run to somebody else.
    expect(flaky.states.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'SCHEDULED Scheduled',
      'PENDING Pending',
      'RUNNING Running',
      'PENDING AwaitingRetry',
      'RUNNING Running',
      'COMPLETED Completed',
    ])
  })

  it('refuses what it cannot execute in words, and does not start it', async () => {
    const { world: w, work } = await world()
    const run = w.plan(w.deployment('package.train', '/tmp'))
    work()
    await w.until(run, 'Crashed')
    expect(w.stateOf(run).message).toContain('the entrypoint is "package.train"')
  })

  it('leaves the runs of Python flows to others, and says so', async () => {
    const { world: w, plan, work } = await world()
    const python = w.plan(w.deployment('flow.py:train', '/tmp'))
    const ours = plan('greet', { name: 'ada' })
    const worker = work()
    await worker.says(
      'work pool local has deployments of Python flows (test), which this worker leaves alone',
    )
    await w.until(ours, 'Completed')
    expect(names(python)).toEqual(['Scheduled'])
  })

  it('asks a cancelled run to stop, lets it tidy up, and keeps the receipt', async () => {
    const { world: w, folder, plan, work, isPrinted } = await world()
    const sign = join(folder, 'tidy')
    const run = plan('tidies', { path: sign })
    work()
    await isPrinted(run, 'waiting')
    w.cancel(run)
    await isPrinted(run, 'tidying up')
    writeFileSync(sign, '')
    await w.until(run, 'Cancelled')
    await isPrinted(run, 'tidied up')
    expect(w.lines(run, 'process')).toEqual(['waiting', 'tidying up', 'tidied up'])
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
    expect(w.stateOf(run).message).toMatch(
      new RegExp(`^Cancelled by request: asked to stop at ${time}, gone at ${time} \\(exit code 1\\)$`),
    )
    await w.plane.until(() => w.lines(run, 'rigel.worker').at(-1)?.startsWith('Cancelled: asked') ?? false)
  })

  it('kills a cancelled run that ignores being asked and SIGTERM, and says when', async () => {
    const { world: w, plan, work, isPrinted } = await world()
    const run = plan('deaf')
    work('--cancel-seconds', '1')
    await isPrinted(run, 'waiting')
    w.cancel(run)
    await w.until(run, 'Cancelled')
    await isPrinted(run, 'SIGTERM is nothing to me')
    expect(w.stateOf(run).message).toMatch(
      /asked to stop at .*, SIGTERM at .*, SIGKILL at .*, gone at .*killed by SIGKILL/,
    )
  })

  it('waits for its runs on SIGTERM, and then exits with 0', async () => {
    const { world: w, folder, plan, work, isPrinted } = await world()
    const sign = join(folder, 'go-on')
    const run = plan('waits', { path: sign })
    const worker = work()
    await isPrinted(run, 'waiting')
    worker.child.kill('SIGTERM')
    await worker.says('waiting up to 30 s for 1 run')
    const late = plan('greet', { name: 'late' })
    writeFileSync(sign, '')
    expect(await worker.finished).toMatchObject({ code: 0 })
    expect(w.stateOf(run).name).toBe('Completed')
    expect(names(late)).toEqual(['Scheduled'])
  })

  it('hands back at the deadline what has not finished: by policy to others, else as Crashed', async () => {
    const { world: w, plan, work, isPrinted } = await world()
    const again = plan('tidies', {}, { on_lost: 'reschedule' })
    const crash = plan('tidies')
    const worker = work('--drain-seconds', '0')
    await isPrinted(again, 'waiting')
    await isPrinted(crash, 'waiting')
    worker.child.kill('SIGTERM')
    expect(await worker.finished).toMatchObject({ code: 0 })
    expect(w.stateOf(again)).toMatchObject({ type: 'SCHEDULED', name: 'Rescheduled' })
    expect(w.stateOf(again).message).toContain('worker blue was stopped')
    expect(w.stateOf(crash)).toMatchObject({ type: 'CRASHED' })
  })

  it('stops a run whose claim is lost, and writes nothing more of it', async () => {
    const { world: w, plan, work, isPrinted } = await world()
    const run = plan('tidies')
    const worker = work('--claim-seconds', '15')
    await isPrinted(run, 'waiting')
    w.lost.add(run.id)
    await worker.says('stopped, since its claim was lost')
    expect(names(run)).toEqual(['Scheduled', 'Pending', 'Running'])
    expect(w.beats.at(-1)).toMatchObject({ worker_name: 'blue', claims: [{ flow_run_id: run.id }] })
  })

  it('never has more runs at a time than its limit', async () => {
    const { world: w, folder, work } = await world()
    const deployment = w.deployment('flows.mjs:greet', folder)
    const runs = Array.from({ length: 12 }, (_, i) => w.plan(deployment, { name: `n${i}` }))
    let most = 0
    const count = () => runs.filter((run) => /^(Pending|Running)$/.test(w.stateOf(run).name)).length
    work('--limit', '3')
    await w.plane.until(() => {
      most = Math.max(most, count())
      return runs.every((run) => w.stateOf(run).name === 'Completed')
    }, 'all runs')
    expect(most).toBe(3)
  }, 60_000)

  it('lets runs go on while the control plane is away, and delivers how they ended afterwards', async () => {
    const { world: w, folder, plan, work, isPrinted } = await world()
    const sign = join(folder, 'go-on')
    const run = plan('waits', { path: sign })
    const worker = work()
    await isPrinted(run, 'waiting')
    await w.plane.stop()
    await worker.says('cannot be reached')
    writeFileSync(sign, '')
    await expect.poll(() => isAlive(Number(run.pid.split(':').at(-1))), { timeout: 20_000 }).toBe(false)
    await w.plane.start()
    await w.until(run, 'Completed')
    await worker.says('answers again')
    worker.child.kill('SIGTERM')
    expect(await worker.finished).toMatchObject({ code: 0 })
  }, 60_000)

  it('that is killed leaves no run behind: they end Crashed, or without a word when they are to be scheduled again', async () => {
    const { world: w, plan, work, isPrinted } = await world()
    const crash = plan('tidies')
    const again = plan('deaf', {}, { on_lost: 'reschedule' })
    const worker = work()
    await isPrinted(crash, 'waiting')
    await isPrinted(again, 'waiting')
    worker.child.kill('SIGKILL')
    await worker.finished
    await w.until(crash, 'Crashed')
    expect(w.stateOf(crash).message).toContain('worker blue is gone without a word')
    for (const { pid } of [crash, again])
      await expect.poll(() => isAlive(Number(pid.split(':').at(-1))), { timeout: 15_000 }).toBe(false)
    expect(names(again)).toEqual(['Scheduled', 'Pending', 'Running'])
  }, 60_000)

  it('waits for a control plane that is down, and sees its runs to their end when the pool goes away', async () => {
    const { world: w, folder, plan, work, isPrinted } = await world()
    const sign = join(folder, 'go-on')
    const run = plan('waits', { path: sign })
    await w.plane.stop()
    const worker = work()
    await worker.says('cannot be reached')
    await w.plane.start()
    await worker.says('serves work pool local')
    await isPrinted(run, 'waiting')
    w.pools.delete('local')
    await worker.says('waiting up to 30 s for 1 run')
    writeFileSync(sign, '')
    expect(await worker.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"local" not found'),
    })
    expect(w.stateOf(run).name).toBe('Completed')
  }, 60_000)

  it('does not begin a run before the control plane knows that it does, and hands it back when that stays unknown', async () => {
    const { world: w, folder, work } = await world()
    // Takes what is sent and answers nothing: as when the way back is cut.
    w.plane.behaviour.acknowledge = false
    const path = join(folder, 'begun')
    const run = w.plan(w.deployment('flows.mjs:writes', folder), { path })
    work('--claim-seconds', '15')
    const back = () => run.states.find((state) => state.name === 'Rescheduled')
    await expect.poll(back, { timeout: 40_000 }).toBeDefined()
    expect(existsSync(path)).toBe(false)
    expect(back()?.message).toMatch(/^Handed back: the control plane did not confirm within \d+ s/)
    w.plane.behaviour.acknowledge = true
    await w.until(run, 'Completed')
  }, 60_000)

  it('leaves no row behind when its name was of its process alone, and stays known by a name that it was given', async () => {
    const { world: w, home, work } = await world()
    const named = work()
    const nameless = startRigel(['worker', 'start', '-p', 'local'], { RIGEL_HOME: home })
    await nameless.says('serves work pool local')
    await named.says('serves work pool local')
    expect(w.workers).toEqual(new Set(['blue', expect.stringMatching(/-\d+$/)]))
    for (const worker of [named, nameless]) worker.child.kill('SIGTERM')
    expect([(await named.finished).code, (await nameless.finished).code]).toEqual([0, 0])
    expect(w.workers).toEqual(new Set(['blue']))
  })

  it('makes the pool when asked to, and otherwise says how', async () => {
    const { world: w, home } = await world()
    const missing = await rigel(['worker', 'start', '-p', 'other'], { RIGEL_HOME: home })
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /no work pool "other"[\s\S]*try: rigel worker start -p other --create-pool/,
      ),
    })
    const worker = startRigel(['worker', 'start', '-p', 'other', '--create-pool'], { RIGEL_HOME: home })
    await worker.says('serves work pool other')
    expect(w.pools.get('other')).toMatchObject({ type: 'process', base_job_template: { variables: {} } })
    worker.child.kill('SIGINT')
    expect(await worker.finished).toMatchObject({ code: 0 })
  })
})

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
