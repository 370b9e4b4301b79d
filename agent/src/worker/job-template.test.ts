import { describe, expect, it } from 'vitest'
import { workOf } from './claimed-work.js'
import { configure, PROCESS_TEMPLATE } from './job-template.js'

describe("the configuration of a run's process", () => {
  it('is the template with its defaults, the variables of the deployment, and last those of the run', () => {
    const template = {
      job_configuration: {
        env: '{{ env }}',
        name: 'run of {{ who }} in {{who}}',
        list: ['{{ size }}'],
        kept: 3,
      },
      variables: { properties: { who: { default: 'nobody' }, size: { default: 1 } } },
    }
    expect(configure(template, {}, {})).toEqual({
      env: null,
      name: 'run of nobody in nobody',
      list: [1],
      kept: 3,
    })
    expect(configure(template, { env: { A: '1' }, who: 'ada' }, { size: { gb: 2 } })).toEqual({
      env: { A: '1' },
      name: 'run of ada in ada',
      list: [{ gb: 2 }],
      kept: 3,
    })
  })

  it('is the variables themselves where there is no template', () => {
    expect(configure({}, { env: { A: '1' } }, null, { working_dir: '/srv' })).toEqual({
      env: { A: '1' },
      working_dir: '/srv',
    })
  })

  it('streams output unless told not to', () => {
    expect(configure(PROCESS_TEMPLATE, {})).toMatchObject({ stream_output: true })
    expect(configure(PROCESS_TEMPLATE, { stream_output: false })).toMatchObject({ stream_output: false })
  })
})

describe('a claimed run', () => {
  const deployment = { id: 'd', entrypoint: 'jobs/flows.ts:report', path: '/srv/app', labels: {} }
  const flowRun = {
    id: 'r',
    name: 'calm-fox',
    parameters: { a: 1 },
    state: { timestamp: '2026-01-01T00:00:00Z' },
  }
  const work = (run: object, made: object = deployment) =>
    workOf({ flowRun: { ...flowRun, ...run }, token: 't', deployment: { ...made } }, {})

  it('starts in the folder of its deployment, or the one that its variables name, with texts as environment', () => {
    expect(work({}).job).toEqual({
      flowRunId: 'r',
      name: 'calm-fox',
      token: 't',
      claimedAt: '2026-01-01T00:00:00Z',
      parameters: { a: 1 },
      entrypoint: 'jobs/flows.ts:report',
      directory: '/srv/app',
      onLost: 'crash',
    })
    const given = work({ job_variables: { working_dir: '/opt', env: { A: 'x', B: 2, C: null } } })
    expect([given.job.directory, given.env]).toEqual(['/opt', { A: 'x', B: '2' }])
  })

  it('is lost as its own policy says, else as its deployment does', () => {
    expect(work({}).job.onLost).toBe('crash')
    expect(work({}, { ...deployment, labels: { 'rigel.on-lost': 'reschedule' } }).job.onLost).toBe(
      'reschedule',
    )
    expect(work({ empirical_policy: { on_lost: 'reschedule' } }).job.onLost).toBe('reschedule')
  })

  it.each([
    [{ id: '' }, 'its deployment was deleted'],
    [{ entrypoint: 'flow.py:train' }, 'the entrypoint is "flow.py:train"'],
    [{ entrypoint: null }, 'the entrypoint is ""'],
  ])('cannot be executed when its deployment is %j', (change, sentence) => {
    expect(() => work({}, { ...deployment, ...change })).toThrow(sentence)
  })
})
