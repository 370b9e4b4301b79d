import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildAgent, builtIndex, startNode } from '../testing/rigel-command.js'
import { signedInHome } from '../testing/signed-in-home.js'
import { tempDir } from '../testing/temp-dir.js'
import { WorkPlane } from '../testing/work-plane.js'
import { entrypointOf, fileOf, splitEntrypoint } from './entrypoint.js'
import { parameterSchema } from './parameter-schema.js'
import { cron, interval, rrule, scheduleBody } from './schedules.js'

let removeBuild = () => {}
beforeAll(() => {
  removeBuild = buildAgent()
})
afterAll(() => removeBuild())

describe('a schedule', () => {
  it('is sent as the control plane takes it', () => {
    const monthly = cron('0 9 15 * *', { timezone: 'Europe/Berlin', slug: 'monthly', catchUp: { last: 2 } })
    expect(scheduleBody(monthly)).toEqual({
      schedule: { cron: '0 9 15 * *', timezone: 'Europe/Berlin', day_or: true },
      active: true,
      slug: 'monthly',
      catch_up: { kind: 'last', count: 2 },
    })
    const often = interval(90, { anchor: new Date('2026-01-01T00:00:00Z'), active: false, catchUp: 'latest' })
    expect(scheduleBody(often)).toEqual({
      schedule: { interval: 90, timezone: 'UTC', anchor_date: '2026-01-01T00:00:00.000Z' },
      active: false,
      catch_up: { kind: 'latest' },
    })
    expect(scheduleBody(rrule('FREQ=DAILY', { parameters: { a: 1 } }))).toMatchObject({
      schedule: { rrule: 'FREQ=DAILY', timezone: 'UTC' },
      parameters: { a: 1 },
    })
  })

  it('that cannot be meant is refused where it is written', () => {
    expect(() => interval(0)).toThrow(RangeError)
    expect(() => interval(Number.NaN)).toThrow(RangeError)
    expect(() => cron(' ')).toThrow(TypeError)
    expect(() => rrule('')).toThrow(TypeError)
    expect(() => scheduleBody(cron('* * * * *', { catchUp: { last: 0 } }))).toThrow(RangeError)
  })
})

describe("the schema of a flow's parameters", () => {
  it('is what its own schema says, in the order of its fields; what JSON cannot hold is left open', () => {
    const parameters = z.object({
      date: z.iso.date().describe('first day'),
      rows: z.int().min(1).default(10),
      at: z.date(),
    })
    const { schema, isExact } = parameterSchema(parameters, ['parameters'])
    expect(isExact).toBe(true)
    expect(schema).toMatchObject({
      title: 'Parameters',
      type: 'object',
      properties: {
        date: { title: 'date', type: 'string', format: 'date', description: 'first day', position: 0 },
        rows: { type: 'integer', minimum: 1, default: 10, position: 1 },
        at: { position: 2 },
      },
      required: ['date', 'at'],
    })
    expect(schema).not.toHaveProperty('$schema')
  })

  it('is otherwise the names of its parameters, and judges nothing', () => {
    expect(parameterSchema(undefined, ['a', null, 'b'])).toEqual({
      isExact: false,
      schema: {
        title: 'Parameters',
        type: 'object',
        properties: { a: { title: 'a', position: 0 }, b: { title: 'b', position: 1 } },
      },
    })
  })
})

describe('an entrypoint', () => {
  it.each([
    ['Error\n    at file:///srv/app/flows.ts:3:22\n    at x', '/srv/app/flows.ts'],
    ['Error\n    at Object.<anonymous> (/srv/app/flows.js:3:22)', '/srv/app/flows.js'],
    ['Error\n    at async file:///srv/with%20space/flows.ts?t=1:3:22', '/srv/with space/flows.ts'],
    ['Error\n    at REPL1:1:1', null],
  ])('is found in the stack %j', (stack, file) => {
    expect(fileOf(stack)).toBe(file)
  })

  it('is relative to the folder in which runs start', () => {
    const flow = { name: 'report', place: { stack: 'Error\n    at file:///srv/app/jobs/flows.ts:1:1' } }
    expect(entrypointOf(flow, { path: '/srv/app' })).toEqual({
      path: '/srv/app',
      entrypoint: 'jobs/flows.ts:report',
    })
    expect(entrypointOf(flow, {})).toEqual({ path: '/srv/app/jobs', entrypoint: 'flows.ts:report' })
    expect(entrypointOf(flow, { path: '/opt', entrypoint: 'a.ts:b' })).toEqual({
      path: '/opt',
      entrypoint: 'a.ts:b',
    })
    expect(() => entrypointOf(flow, { path: '/opt' })).toThrow('not within /opt')
    expect(() => entrypointOf({ name: 'x', place: {} }, {})).toThrow('entrypoint:')
  })

  it('is taken apart at the colon after the file', () => {
    expect(splitEntrypoint('a/b.ts:train model')).toEqual({ file: 'a/b.ts', wanted: 'train model' })
    expect(splitEntrypoint('C:\\flows.mts')).toEqual({ file: 'C:\\flows.mts', wanted: undefined })
    expect(splitEntrypoint('C:\\flows.mts:x')).toEqual({ file: 'C:\\flows.mts', wanted: 'x' })
  })
})

/** A file that deploys its flow, and the control plane that it deploys to. */
async function deploying(call: string) {
  const world = await WorkPlane.start()
  const folder = tempDir()
  const file = join(folder, 'flows.mjs')
  writeFileSync(
    file,
    `import { cron, flow } from ${JSON.stringify(builtIndex())}
     export const greet = flow({ name: 'greet the world', version: '7', tags: ['a'] }, async (name, mark) => {
       console.log('hello ' + name)
     })
     ${call}`,
  )
  const start = () => startNode([file], { RIGEL_HOME: signedInHome(world.plane) })
  return { world, folder, file, start }
}

describe('flow.deploy()', () => {
  it('creates the deployment, changes it the second time, and leaves schedules alone that it does not name', async () => {
    const { world, folder, start } = await deploying(`
      const { fullName, url } = await greet.deploy({
        name: 'daily', workPool: 'local', workQueue: 'fast', parameters: { name: 'Ada' }, onLost: 'reschedule',
        jobVariables: { env: { A: '1' } }, concurrencyLimit: { limit: 2, collision: 'CANCEL_NEW' },
        schedules: [cron('0 9 * * *')],
      })
      console.log(fullName, url)`)
    const { code, stdout, stderr } = await start().finished
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [deployment] = [...world.deployments.values()]
    expect(deployment).toMatchObject({
      name: 'daily',
      work_pool_name: 'local',
      work_queue_name: 'fast',
      entrypoint: 'flows.mjs:greet the world',
      path: folder,
      pull_steps: null,
      parameters: { name: 'Ada' },
      parameter_openapi_schema: { properties: { name: { position: 0 }, mark: { position: 1 } } },
      enforce_parameter_schema: false,
      job_variables: { env: { A: '1' } },
      version: '7',
      tags: ['a'],
      concurrency_limit: 2,
      concurrency_options: { collision_strategy: 'CANCEL_NEW' },
      schedules: [{ schedule: { cron: '0 9 * * *' }, active: true }],
      labels: { 'rigel.on-lost': 'reschedule' },
    })
    expect(deployment).not.toHaveProperty('paused')
    expect(stdout).toBe(
      `greet the world/daily ${world.plane.url}/account/${world.plane.accountId}/workspace/${world.plane.workspaceId}/deployments/deployment/${deployment?.id}\n`,
    )
    const again = await start().finished
    expect(again.code).toBe(0)
    expect(world.deployments.size).toBe(1)
  })

  it('says in the words of the control plane what was wrong', async () => {
    const { start } = await deploying(`await greet.deploy({ name: 'a/b', workPool: 'local' })`)
    const { code, stderr } = await start().finished
    expect(code).toBe(1)
    expect(stderr).toContain('a deployment needs a name without /')
  })
})

describe('flow.serve()', () => {
  it('runs what is due in child processes, and pauses the deployment when it ends', async () => {
    const { world, start } = await deploying(
      `await greet.serve({ name: 'here' }); console.log('the file goes on')`,
    )
    const serving = start()
    await serving.says('serving greet the world/here')
    const [deployment] = [...world.deployments.values()]
    const run = world.plan(String(deployment?.id), { name: 'Ada' })
    await world.until(run, 'Completed')
    await world.plane.until(() => world.lines(run, 'process').length === 2, 'both lines')
    expect(world.lines(run, 'process')).toEqual(['the file goes on', 'hello Ada'])
    serving.child.kill('SIGINT')
    expect(await serving.finished).toMatchObject({ code: 0, stdout: 'the file goes on\n' })
    expect(world.deployments.get(String(deployment?.id))).toMatchObject({ paused: true })
  })
})
