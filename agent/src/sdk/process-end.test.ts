import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ControlPlane } from '../testing/control-plane.js'
import { buildAgent, builtIndex, rigel, startNode } from '../testing/rigel-command.js'
import { signedInHome } from '../testing/signed-in-home.js'
import { tempDir } from '../testing/temp-dir.js'

let removeBuild = () => {}
beforeAll(() => {
  removeBuild = buildAgent()
})
afterAll(() => removeBuild())

/** Starts a script whose flow calls a task and then does `ending`. */
async function startFlow(ending: string, prepare = '') {
  const plane = await ControlPlane.start()
  onTestFinished(() => plane.stop())
  const home = signedInHome(plane)
  const script = join(tempDir(), 'flow.mjs')
  writeFileSync(
    script,
    `import { flow, task, logger } from ${JSON.stringify(builtIndex())}
     ${prepare}
     const step = task({ name: 'step' }, async (i) => i)
     const stuck = task({ name: 'stuck' }, () => new Promise((resolve) => setTimeout(resolve, 60_000)))
     const main = flow({ name: 'main' }, async () => {
       await step(1)
       ${ending}
     })
     await main()`,
  )
  return { plane, home, run: startNode([script], { RIGEL_HOME: home }) }
}

const isLast = (plane: ControlPlane, kind: string, name: string) => {
  const last = plane.records.filter((each) => each.kind === kind).at(-1)
  return last !== undefined && last.kind !== 'log' && last.state.name === name
}

const lastState = (plane: ControlPlane, kind: 'flow-run-state' | 'task-run') => {
  const last = plane.records.filter((each) => each.kind === kind).at(-1)
  return last && last.kind !== 'log' ? last.state : undefined
}

/** What the log says of the end of the flow. */
const lastLines = (plane: ControlPlane) =>
  plane.records.flatMap((each) =>
    each.kind === 'log' && each.message.startsWith('Flow main ended') ? [each.message] : [],
  )

const runsForever = 'await stuck()'
const isStuck = (plane: ControlPlane) => () =>
  plane.records.some(
    (each) => each.kind === 'task-run' && each.name.startsWith('stuck') && each.state.name === 'Running',
  )

describe('a flow whose process', () => {
  it('is interrupted ends Cancelled, with its tasks, before the process does', async () => {
    const { plane, run } = await startFlow(runsForever)
    await plane.until(isStuck(plane))
    run.child.kill('SIGINT')
    expect(await run.finished).toMatchObject({ signal: 'SIGINT' })
    expect(lastState(plane, 'flow-run-state')).toMatchObject({
      type: 'CANCELLED',
      message: expect.stringContaining('SIGINT'),
    })
    expect(lastState(plane, 'task-run')).toMatchObject({ type: 'CANCELLED' })
  })

  it('is terminated ends Crashed', async () => {
    const { plane, run, home } = await startFlow(runsForever)
    await plane.until(isStuck(plane))
    run.child.kill('SIGTERM')
    expect(await run.finished).toMatchObject({ signal: 'SIGTERM' })
    expect(lastState(plane, 'flow-run-state')).toMatchObject({ type: 'CRASHED' })
    expect(readdirSync(join(home, 'outbox'))).toEqual([])
    // The log tells the same end as the state, once.
    expect(lastLines(plane)).toEqual(['Flow main ended Crashed. the process was stopped by SIGTERM'])
  })

  it('dies of an uncaught error ends Failed, and the process exits with 1', async () => {
    const { plane, run } = await startFlow(
      `setImmediate(() => { throw new RangeError('from a callback') }); ${runsForever}`,
    )
    expect(await run.finished).toMatchObject({ code: 1, stderr: expect.stringContaining('from a callback') })
    expect(lastState(plane, 'flow-run-state')).toMatchObject({
      type: 'FAILED',
      message: expect.stringContaining('RangeError: from a callback'),
    })
    expect(lastLines(plane)).toEqual([
      expect.stringMatching(
        /^Flow main ended Failed\. Uncaught outside the flow's own code: RangeError: from a callback\n {4}at .*flow\.mjs:\d+/,
      ),
    ])
  })

  it('does not await a task or a sub-flow that fails goes on to its end, and so does the process', async () => {
    const { plane, run } = await startFlow(
      'void bad(); void sub(); await step(2); return 5',
      `const bad = task({ name: 'bad' }, async () => { throw new Error('nobody awaits this') })
       const sub = flow({ name: 'sub' }, async () => { throw new Error('nor this') })`,
    )
    expect(await run.finished).toMatchObject({ code: 0 })
    expect(lastState(plane, 'flow-run-state')).toMatchObject({ type: 'COMPLETED' })
    const errors = plane.records.flatMap((each) =>
      each.kind === 'log' && each.level === 40 ? [each.message] : [],
    )
    expect(errors.map((message) => message.split('\n')[0])).toEqual([
      'Error: nobody awaits this',
      'Flow sub ended Failed. Error: nor this',
    ])
  })

  it('exits in the middle is Crashed, which the next command delivers', async () => {
    const { plane, run, home } = await startFlow(`process.exit(0)`)
    expect(await run.finished).toMatchObject({ code: 0 })
    await rigel(['whoami'], { RIGEL_HOME: home })
    expect(lastState(plane, 'flow-run-state')).toMatchObject({ type: 'CRASHED' })
    expect(readdirSync(join(home, 'outbox'))).toEqual([])
  })

  it('leaves signals alone when the program listens for them itself', async () => {
    const { plane, run } = await startFlow(
      `await new Promise((resolve) => { goOn = resolve; setTimeout(() => {}, 60_000).unref() })`,
      `let goOn; const timer = setInterval(() => {}, 1000); process.on('SIGTERM', () => { clearInterval(timer); goOn() })`,
    )
    await plane.until(() => isLast(plane, 'task-run', 'Completed'))
    run.child.kill('SIGTERM')
    expect(await run.finished).toMatchObject({ code: 0 })
    expect(lastState(plane, 'flow-run-state')).toMatchObject({ type: 'COMPLETED' })
  })

  it('is killed in mid-flight loses nothing that it recorded; the next process says that it crashed', async () => {
    const count = 300
    const { plane, run, home } = await startFlow(
      `for (let i = 2; i <= ${count}; i++) { await step(i); logger.info('did ' + i) }
       console.log('all done')
       ${runsForever}`,
    )
    // Nothing arrives from here on: the records must survive in the outbox.
    await plane.until(() => plane.records.length > 40)
    await plane.stop()
    await run.says('all done')
    run.child.kill('SIGKILL')
    await run.finished
    await plane.start()
    const next = await rigel(['flow-run', 'ls'], { RIGEL_HOME: home })
    expect(next.stderr).toMatch(/delivered \d+ records/)
    const completed = plane.records.filter(
      (each) => each.kind === 'task-run' && each.state.name === 'Completed',
    )
    expect(completed).toHaveLength(count)
    const said = plane.records.flatMap((each) =>
      each.kind === 'log' && each.message.startsWith('did') ? [each.message] : [],
    )
    expect(said).toEqual(Array.from({ length: count - 1 }, (_, i) => `did ${i + 2}`))
    expect(plane.committed.map((each) => each.seq)).toEqual(plane.committed.map((_, i) => i + 1))
    expect(lastState(plane, 'flow-run-state')).toMatchObject({ type: 'CRASHED' })
    expect(lastState(plane, 'task-run')).toMatchObject({ type: 'CRASHED' })
    expect(readdirSync(join(home, 'outbox'))).toEqual([])
  })
})

describe('a flow', () => {
  it('of 2,000 tasks arrives whole although the server is killed and comes back in between', async () => {
    const { plane, run } = await startFlow(
      `for (let i = 2; i <= 2000; i++) { await step(i); if (i % 100 === 0) await new Promise((r) => setTimeout(r, 20)) }`,
    )
    for (const mark of [500, 2_000, 4_000]) {
      await plane.until(() => plane.committed.length >= mark)
      await plane.stop()
      await plane.start()
    }
    expect(await run.finished).toMatchObject({ code: 0 })
    const completed = plane.records.filter(
      (each) => each.kind === 'task-run' && each.state.name === 'Completed',
    )
    expect(completed).toHaveLength(2_000)
    expect(lastState(plane, 'flow-run-state')).toMatchObject({ type: 'COMPLETED' })
  })

  it('is cancelled from the control plane', async () => {
    const { plane, run } = await startFlow(runsForever)
    await plane.until(isStuck(plane))
    const flowRun = plane.records.find((each) => each.kind === 'flow-run')
    plane.cancel(flowRun?.id ?? '')
    // The timer of the function that heeds no signal still runs; the run has ended nevertheless.
    await plane.until(() => isLast(plane, 'flow-run-state', 'Cancelled'), 'the cancellation')
    expect(lastState(plane, 'task-run')).toMatchObject({ type: 'CANCELLED' })
    run.child.kill('SIGKILL')
  })
})
