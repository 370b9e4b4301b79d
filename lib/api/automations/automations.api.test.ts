import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()
let us: TestTenant
let them: TestTenant
const post = (path: string, body: unknown, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

const trigger = { type: 'event', posture: 'Reactive', expect: ['x'] }
const nothing = { type: 'do-nothing' }
const automation = (more: object = {}) => ({ name: 'auto', trigger, actions: [nothing], ...more })
const deploy = async (who = us): Promise<string> => {
  const flow = (await post('/flows/', { name: randomUUID() }, who)).json
  return (await post('/deployments/', { name: 'd', flow_id: flow.id }, who)).json.id
}
const run = (deployment_id: string, more: object = {}) => ({
  type: 'run-deployment',
  source: 'selected',
  deployment_id,
  ...more,
})
const eventsOf = async (id: string) =>
  (await post('/events/filter', { filter: { resource: { id: [`prefect.automation.${id}`] }, order: 'ASC' } }))
    .json.events as { event: string; payload: Record<string, unknown> }[]

describe('automations', () => {
  test('show what was sent, with ids for their triggers and parameters to the last digit', async () => {
    const id = await deploy()
    const inner = {
      type: 'sequence',
      within: null,
      triggers: [trigger, { ...trigger, match_related: [{ a: 'b' }] }],
    }
    const made = await call(
      us,
      'POST',
      '/automations/',
      JSON.stringify(
        automation({
          trigger: {
            type: 'compound',
            require: 1,
            within: 60,
            triggers: [{ ...trigger, match: { a: ['b'] } }, inner],
          },
          actions: [run(id, { parameters: { n: 'BIG' } })],
          tags: ['t', 't'],
        }),
      ).replace('"BIG"', '12345678901234567890.10'),
    )
    expect(made.status, made.text).toBe(201)
    expect(made.text).toContain('{"n":12345678901234567890.10}')
    expect(made.json).toMatchObject({
      enabled: true,
      description: '',
      tags: ['t'],
      account: us.accountId,
      workspace: us.workspaceId,
      trigger: {
        require: 1,
        triggers: [
          { match: { a: ['b'] }, match_related: {}, threshold: 1, within: 0 },
          { within: null, triggers: [{}, { match_related: [{ a: 'b' }] }] },
        ],
      },
      actions: [{ type: 'run-deployment', source: 'selected', deployment_id: id, job_variables: null }],
      actions_on_resolve: [],
    })
    const ids = [...made.text.matchAll(/"id":"([^"]+)"/g)].map(([, each]) => each)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength(6)
    expect((await get(`/automations/${made.json.id}`)).text).toBe(made.text)
    const body = { ...made.json, name: 'renamed' }
    for (const key of ['id', 'created', 'updated', 'account', 'workspace', 'actor', 'owner_resource'])
      delete body[key]
    const put = await call(us, 'PUT', `/automations/${made.json.id}`, body)
    expect(put.status, put.text).toBe(204)
    const read = (await get(`/automations/${made.json.id}`)).json
    expect(read).toMatchObject({ name: 'renamed', trigger: made.json.trigger })
  })

  test('take what clients leave out of a trigger', async () => {
    const parts = [
      { posture: 'Reactive', expect: ['a'] },
      { posture: 'Proactive', expect: ['b'] },
    ]
    for (const [sent, type] of [
      [parts[0], 'event'],
      [{ triggers: parts, within: 10, require: 'all' }, 'compound'],
      [{ triggers: parts, within: 10 }, 'sequence'],
    ] as const) {
      const made = await post('/automations/', automation({ trigger: sent }))
      expect(made.status, made.text).toBe(201)
      expect(made.json.trigger.type).toBe(type)
    }
    const [, { within }] = (
      await post('/automations/', automation({ trigger: { triggers: parts, within: 10 } }))
    ).json.trigger.triggers
    expect(within).toBe(10)
  })

  const refused: readonly (readonly [string, object, string])[] = [
    ['a posture that is none', { trigger: { ...trigger, posture: 'Sideways' } }, 'Reactive or Proactive'],
    ['a metric', { trigger: { type: 'metric', posture: 'Metric' } }, 'does not run metric'],
    ['a kind of trigger that is none', { trigger: { type: 'moon' } }, 'runs no others'],
    ['silence too short', { trigger: { ...trigger, posture: 'Proactive', within: 1 } }, '10 seconds'],
    ['after without a time', { trigger: { ...trigger, after: ['y'] } }, 'how long to wait'],
    ['several at no time', { trigger: { ...trigger, threshold: 2 } }, 'within which time'],
    [
      'more parts than there are',
      { trigger: { type: 'compound', triggers: [trigger], within: 1, require: 2 } },
      'must not be more',
    ],
    [
      'a part that is wrong',
      { trigger: { type: 'sequence', triggers: [{ type: 'event' }], within: 1 } },
      'posture',
    ],
    ['nothing selected', { actions: [{ type: 'run-deployment', source: 'selected' }] }, 'source is selected'],
    [
      'selected and inferred',
      { actions: [{ type: 'pause-work-pool', source: 'inferred', work_pool_id: randomUUID() }] },
      'inferred',
    ],
    ['no state', { actions: [{ type: 'change-flow-run-state' }] }, 'required'],
    ['an action that is none', { actions: [{ type: 'explode' }] }, 'must be one of'],
    [
      'a webhook',
      { actions: [{ type: 'call-webhook', block_document_id: randomUUID() }] },
      'does not run the action call-webhook yet',
    ],
    [
      'a notification through nothing',
      { actions: [{ type: 'send-notification', body: 'x' }] },
      'block_document_id',
    ],
    ['an incident', { actions: [{ type: 'declare-incident' }] }, 'yet'],
    ['resolving', { actions_on_resolve: [nothing] }, 'on resolve'],
    ['labels', { labels: { a: 'b' } }, 'no labels'],
    ['no name', { name: '' }, ''],
    [
      'a loop',
      {
        trigger: { ...trigger, expect: ['prefect.flow-run.*'] },
        actions: [{ type: 'run-deployment', source: 'inferred' }],
      },
      'for ever',
    ],
  ]
  test.each(refused)('refuse %s, in words', async (_, more, words) => {
    const answer = await post('/automations/', automation(more))
    expect(answer.status, answer.text).toBe(422)
    expect(answer.text).toContain(words)
    if (words) expect((await post('/automations/count', {})).status).toBe(200)
  })

  test('refuse templates that ask for what is not there', async () => {
    const id = await deploy()
    const withTemplate = (template: string) =>
      post(
        '/automations/',
        automation({ actions: [run(id, { parameters: { a: [{ __prefect_kind: 'jinja', template }] } })] }),
      )
    expect(
      (await withTemplate('{{ event.resource.id | upper }} {% for i in range(3) %}{{ i }}{% endfor %}'))
        .status,
    ).toBe(201)
    for (const template of [
      '{{ work_queue.name }}',
      '{{ event',
      '{% include "x" %}',
      '{{ event.constructor }}',
    ]) {
      const answer = await withTemplate(template)
      expect(answer.status, template).toBe(422)
      expect(answer.json.detail).toContain('Nothing was saved')
      for (const path of ['/automations/templates/validate', '/templates/validate']) {
        const checked = await call(us, 'POST', path, JSON.stringify(template))
        expect(checked.status).toBe(422)
        expect(checked.json.error).toMatchObject({ source: template })
      }
    }
    // Notifications alone know the run.
    expect((await withTemplate('{{ flow_run.name }}')).status).toBe(422)
    const ofNotifications = '"{{ flow_run.name }} {{ flow_run | ui_url }}"'
    expect((await call(us, 'POST', '/templates/validate', ofNotifications)).status).toBe(204)
    expect((await call(us, 'POST', '/templates/validate', '"{{ event.id }}"')).status).toBe(204)
  })

  test('are found, counted, paused, resumed and deleted, and tell of it', async () => {
    const who = await tenant()
    const make = async (name: string, more: object = {}) =>
      (await post('/automations/', automation({ name, ...more }), who)).json
    const [b, a] = [await make('b', { tags: ['x'] }), await make('a', { owner_resource: 'owner.1' })]
    const names = async (body: object) =>
      (await post('/automations/filter', body, who)).json.map((row: { name: string }) => row.name)
    expect(await names({})).toEqual(['a', 'b'])
    expect(await names({ sort: 'CREATED_DESC' })).toEqual(['a', 'b'])
    expect(await names({ sort: 'NAME_DESC', limit: 1 })).toEqual(['b'])
    expect(await names({ automations: { tags: { any_: ['x'] } } })).toEqual(['b'])
    expect(await names({ automations: { name: { any_: ['a', 'c'] } } })).toEqual(['a'])
    expect((await post('/automations/count', { automations: { tags: { is_null_: true } } }, who)).json).toBe(
      1,
    )
    const patch = (enabled: boolean) => call(who, 'PATCH', `/automations/${b.id}`, { enabled })
    for (const enabled of [false, false, true]) {
      expect((await patch(enabled)).status).toBe(204)
      expect((await get(`/automations/${b.id}`, who)).json.enabled).toBe(enabled)
    }
    expect((await get('/automations/related-to/owner.1', who)).json).toMatchObject([{ name: 'a' }])
    for (let i = 0; i < 2; i++)
      expect((await call(who, 'DELETE', '/automations/owned-by/owner.1')).status).toBe(202)
    expect((await get(`/automations/${a.id}`, who)).status).toBe(404)
    expect((await call(who, 'DELETE', `/automations/${b.id}`)).status).toBe(204)
    expect((await call(who, 'DELETE', `/automations/${b.id}`)).status).toBe(404)
    expect((await patch(true)).json).toMatchObject({ exception_message: 'Automation not found' })
    const told = (
      await post(
        '/events/filter',
        { filter: { resource: { id: [`prefect.automation.${b.id}`] }, order: 'ASC' } },
        who,
      )
    ).json.events
    expect(told).toMatchObject([
      { event: 'prefect.automation.created', payload: { id: b.id, trigger: { expect: ['x'] } } },
      { event: 'prefect.automation.updated', payload: { enabled: false } },
      { event: 'prefect.automation.updated', payload: { enabled: true } },
      { event: 'prefect.automation.deleted' },
    ])
  })

  test("are one's own, and so is what they act on", async () => {
    const { id } = (await post('/automations/', automation({ name: 'ours' }))).json
    for (const [method, body] of [
      ['GET', undefined],
      ['PUT', automation()],
      ['PATCH', { enabled: false }],
      ['DELETE', undefined],
    ] as const)
      expect((await call(them, method, `/automations/${id}`, body)).status, method).toBe(404)
    const theirs = await deploy(them)
    for (const action of [
      run(theirs),
      { type: 'pause-automation', automation_id: randomUUID() },
      { type: 'pause-work-queue', work_queue_id: randomUUID() },
    ]) {
      for (const key of ['actions', 'actions_on_trigger']) {
        const answer = await post('/automations/', automation({ [key]: [action] }))
        expect(answer.status, answer.text).toBe(404)
      }
    }
    expect(await eventsOf(id)).toHaveLength(1)
  })

  test('need the permission for each thing', async () => {
    const { id } = (await post('/automations/', automation())).json
    const status = async (
      role: 'viewer' | 'runner' | 'developer',
      method: string,
      path: string,
      body?: object,
    ) => (await call(us, method, path, body, { key: us.key(role) })).status
    for (const role of ['viewer', 'runner'] as const) {
      expect(await status(role, 'GET', `/automations/${id}`)).toBe(200)
      expect(await status(role, 'POST', '/automations/', automation())).toBe(403)
      expect(await status(role, 'PATCH', `/automations/${id}`, { enabled: false })).toBe(403)
      expect(await status(role, 'DELETE', `/automations/${id}`)).toBe(403)
      expect(await status(role, 'DELETE', '/automations/owned-by/x')).toBe(403)
    }
    expect(await status('developer', 'POST', '/automations/', automation())).toBe(201)
  })
})
