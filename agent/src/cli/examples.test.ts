import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { TaskRunRecord } from '../protocol/frames.js'
import { ControlPlane } from '../testing/control-plane.js'
import { buildAgent, repositoryDir, rigel } from '../testing/rigel-command.js'
import { signedInHome } from '../testing/signed-in-home.js'
import { tempDir } from '../testing/temp-dir.js'

let removeBuild = () => {}
beforeAll(() => {
  removeBuild = buildAgent()
})
afterAll(() => removeBuild())

async function runExample(name: string, ...args: string[]) {
  const plane = await ControlPlane.start()
  onTestFinished(() => plane.stop())
  const path = join(repositoryDir, 'examples', 'typescript', name)
  const finished = await rigel(['run', path, ...args], { RIGEL_HOME: signedInHome(plane) })
  return { plane, ...finished }
}

it('hello says hello', async () => {
  const { plane, code, stderr } = await runExample('hello.ts', '-p', 'name=Ada')
  expect(code).toBe(0)
  expect(stderr).toContain('Hello, Ada!')
  expect(plane.records.at(-1)).toMatchObject({ state: { type: 'COMPLETED' } })
})

it('the training pipeline trains a model in spite of a broken file, a flaky download and a timeout', async () => {
  const output = tempDir()
  const { plane, code, stdout } = await runExample(
    'training-pipeline.ts',
    '-p',
    `output=${output}`,
    '-p',
    'date=2015-06-01',
  )
  expect(code).toBe(0)
  const score = JSON.parse(stdout) as { rmse: number; r2: number; path: string }
  expect(score.r2).toBeGreaterThan(0.7)
  expect(JSON.parse(readFileSync(score.path, 'utf8'))).toMatchObject({
    weights: expect.any(Array),
    rmse: score.rmse,
  })

  const taskRuns = plane.records.filter((each): each is TaskRunRecord => each.kind === 'task-run')
  const path = (prefix: string) =>
    taskRuns.filter((each) => each.name.startsWith(prefix)).map((each) => each.state.name)
  expect(path('download')).toEqual([
    'Pending',
    'Running',
    'AwaitingRetry',
    'Retrying',
    'AwaitingRetry',
    'Retrying',
    'Completed',
  ])
  expect(path('search')).toEqual(['Pending', 'Running', 'TimedOut'])
  expect(path('read').filter((name) => name === 'Failed')).toHaveLength(1)
  for (const name of ['prepare', 'train', 'evaluate', 'persist']) expect(path(name).at(-1)).toBe('Completed')
  expect(plane.records.at(-1)).toMatchObject({ kind: 'flow-run-state', state: { type: 'COMPLETED' } })

  const logs = plane.records.filter((each) => each.kind === 'log')
  expect(logs.filter((each) => each.level === 30).map((each) => each.message)).toEqual([
    expect.stringContaining('going on without corrections'),
  ])
  expect(logs.length).toBeGreaterThanOrEqual(12)
  expect(logs.length).toBeLessThanOrEqual(18)

  const inputs = taskRuns.findLast((each) => each.name.startsWith('prepare'))?.inputs
  const idOf = (prefix: string) => taskRuns.find((each) => each.name.startsWith(prefix))?.id
  expect(inputs).toMatchObject({ normals: [{ type: 'task_run', id: idOf('download') }] })
})
