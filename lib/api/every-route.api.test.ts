import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { workspaceScopes } from '../domain/access/scopes.ts'
import { type TestAnswer, type TestTenant, testApi } from '../testing/api.ts'
import { fullPath } from './app.ts'
import { type JsonSchema, openApiDocument } from './openapi/document.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'

// Tests that walk the list of routes: a route that is added is tested by being there.

const { call, tenant, db } = await testApi()
const document = openApiDocument(routes)
let us: TestTenant
let them: TestTenant
/** One of everything of ours, by the path it is found below. */
let ours: Record<string, string>

const nameOf = (route: Route): string => `${route.method} ${fullPath(route)}`
const inWorkspace = routes.filter((route) => route.permission.in === 'workspace')
// A live stream never ends by itself, and is tested where it is made.
const answering = routes.filter((route) => !route.path.endsWith('/live'))

async function makeOneOfEverything(who: TestTenant): Promise<Record<string, string>> {
  const post = async (path: string, body: unknown) => {
    const answer = await call(who, 'POST', path, body)
    expect(answer.status, `${path} ${answer.text}`).toBeLessThan(300)
    return answer.json
  }
  const secret = `ours-${who.workspaceId.slice(-6)}`
  const flow = await post('/flows/', { name: secret })
  const run = await post('/flow_runs/', { flow_id: flow.id, name: secret, idempotency_key: secret })
  const task = await post('/task_runs/', {
    flow_run_id: run.id,
    task_key: secret,
    dynamic_key: '0',
    name: secret,
  })
  await post('/logs/', [
    {
      name: 'x',
      level: 20,
      message: secret,
      timestamp: new Date().toISOString(),
      flow_run_id: run.id,
      task_run_id: task.id,
    },
  ])
  await post('/events', [
    {
      id: randomUUID(),
      occurred: new Date().toISOString(),
      event: secret,
      resource: { 'prefect.resource.id': secret },
    },
  ])
  const type = await post('/block_types/', { name: secret, slug: secret })
  const schema = await post('/block_schemas/', {
    block_type_id: type.id,
    fields: { block_type_slug: secret },
  })
  const block = await post('/block_documents/', {
    name: secret,
    data: { secret },
    block_type_id: type.id,
    block_schema_id: schema.id,
  })
  const variable = await post('/variables/', { name: secret.replace('-', '_'), value: secret })
  const artifact = await post('/artifacts/', { key: secret, data: secret, flow_run_id: run.id })
  await post(`/flow_runs/${run.id}/input`, { key: secret, value: secret })
  const search = await call(who, 'PUT', '/saved_searches/', { name: secret })
  await post('/v2/concurrency_limits/', { name: secret, limit: 1 })
  const tagLimit = await post('/concurrency_limits/', { tag: secret, concurrency_limit: 1 })
  const pool = await post('/work_pools/', { name: secret, type: 'process' })
  await post(`/work_pools/${secret}/queues`, { name: secret })
  await post(`/work_pools/${secret}/workers/heartbeat`, { name: secret })
  const queue = await post('/work_queues/', { name: secret })
  const deployment = await post('/deployments/', {
    name: secret,
    flow_id: flow.id,
    work_pool_name: secret,
    work_queue_name: secret,
    concurrency_limit: 1,
    schedules: [{ schedule: { cron: '0 9 15 * *' }, slug: secret }],
  })
  const automation = await post('/automations/', {
    name: secret,
    trigger: { type: 'event', posture: 'Reactive', expect: [secret] },
    actions: [{ type: 'run-deployment', source: 'selected', deployment_id: deployment.id }],
    owner_resource: secret,
  })
  const slack = await post('/block_types/', { name: `Slack ${secret}`, slug: 'slack-webhook' })
  const slackSchema = await post('/block_schemas/', {
    block_type_id: slack.id,
    fields: { block_type_slug: 'slack-webhook' },
  })
  const channel = await post('/block_documents/', {
    name: `channel-${secret}`,
    data: { url: 'https://hooks.slack.com/services/a' },
    block_type_id: slack.id,
    block_schema_id: slackSchema.id,
  })
  const policy = await post('/flow_run_notification_policies/', {
    state_names: [secret],
    tags: [],
    block_document_id: channel.id,
  })
  return {
    secret,
    automations: automation.id,
    flow_run_notification_policies: policy.id,
    deployments: deployment.id,
    variable: variable.name,
    variables: variable.id,
    artifacts: artifact.id,
    saved_searches: search.json.id,
    concurrency_limits: tagLimit.id,
    work_pools: pool.id,
    work_queues: queue.id,
    flows: flow.id,
    flow_runs: run.id,
    task_runs: task.id,
    flow_run_states: run.state_id,
    task_run_states: task.state_id,
    block_types: type.id,
    block_schemas: schema.id,
    block_documents: block.id,
    checksum: schema.checksum,
  }
}

/** The route's path below the workspace, with our ids and names in it. */
function pathOfOurs(route: Route): string {
  const noun = route.path.split('/')[route.path.startsWith('/ui/') ? 2 : 1] ?? ''
  const path = route.path
    .replace(/\{(\w*_)?id\}/g, ours[noun] ?? randomUUID())
    .replace('{checksum}', ours.checksum ?? '')
    .replace('{countable}', 'event')
    .replace('/variables/name/{name}', `/variables/name/${ours.variable}`)
    .replace(/\{\w+\}/g, ours.secret ?? '')
  const query =
    noun === 'flow_run_states'
      ? `?flow_run_id=${ours.flow_runs}`
      : noun === 'task_run_states'
        ? `?task_run_id=${ours.task_runs}`
        : ''
  return path.includes(ours[noun] ?? '-') && route.path.includes('{id}') ? path : path + query
}

/** A body that asks for, or would change, what is ours. */
function bodyOnOurs(route: Route): unknown {
  if (route.method === 'GET' || route.method === 'DELETE') return undefined
  const any = (id: string | undefined) => ({ id: { any_: [id] } })
  return route.path === '/logs/' || route.path === '/events'
    ? []
    : {
        flows: any(ours.flows),
        flow_runs: any(ours.flow_runs),
        task_runs: any(ours.task_runs),
        logs: { flow_run_id: { any_: [ours.flow_runs] } },
        filter: { event: { name: [ours.secret] } },
        block_types: { slug: { any_: [ours.secret] } },
        block_schemas: any(ours.block_schemas),
        block_documents: any(ours.block_documents),
        variables: any(ours.variables),
        deployments: any(ours.deployments),
        deployment_ids: [ours.deployments],
        work_pools: any(ours.work_pools),
        work_queues: any(ours.work_queues),
        base_job_template: {},
        artifacts: { id: { any_: [ours.artifacts] }, latest_id: { any_: [ours.artifacts] } },
        flow_ids: [ours.flows],
        flow_run_ids: [ours.flow_runs],
        flow_id: ours.flows,
        flow_run_id: randomUUID(),
        block_type_id: ours.block_types,
        block_schema_id: ours.block_schemas,
        state: { type: 'CANCELLED' },
        force: true,
        name: 'stolen',
        slug: 'stolen',
        tags: ['stolen'],
        description: 'stolen',
        data: { stolen: true },
        key: 'stolen',
        value: 'stolen',
        prefix: '',
        task_key: 'k',
        dynamic_key: '0',
        names: ['x'],
        slots: 1,
        lease_id: randomUUID(),
        task_run_id: ours.task_runs,
        lease_duration: 60,
        history_start: '2026-01-01T00:00:00Z',
        history_end: '2026-01-02T00:00:00Z',
        history_interval: 3600,
        automations: { name: { any_: [ours.secret] } },
        trigger: { type: 'event', posture: 'Reactive', expect: ['stolen'] },
        actions: [{ type: 'run-deployment', source: 'selected', deployment_id: ours.deployments }],
        actions_on_trigger: [],
        enabled: false,
      }
}

/** Everything that is kept of a workspace, but for the counts that any reader may fold. */
async function keptOf(who: TestTenant): Promise<string> {
  const tables = [
    'flows',
    'flow_runs',
    'task_runs',
    'flow_run_states',
    'task_run_states',
    'logs',
    'events',
    'block_types',
    'block_schemas',
    'block_documents',
    'variables',
    'artifacts',
    'artifact_collections',
    'flow_run_inputs',
    'saved_searches',
    'deployments',
    'deployment_schedules',
    'deployment_versions',
    'concurrency_limits',
    'slot_leases',
    'run_claims',
    'work_pools',
    'work_queues',
    'workers',
    'automations',
    'automation_watches',
  ]
  const rows = await Promise.all(
    tables.map(
      (table) =>
        db.engine`select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as sum from ${db.engine(table)} t where workspace_id = ${who.workspaceId}`,
    ),
  )
  return rows.map(([row], i) => `${tables[i]} ${row?.sum}`).join('\n')
}

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  ours = await makeOneOfEverything(us)
})

describe('every route', () => {
  test.each(routes.map((route) => [nameOf(route), route] as const))('%s names its permission', (_, route) => {
    const { permission } = route
    if (permission.in === 'workspace') expect(workspaceScopes).toContain(permission.scope)
    else if (permission.in === 'account') expect(['owner', 'admin', 'member']).toContain(permission.role)
    else if (permission.in !== 'actor') expect(permission.why.length).toBeGreaterThan(10)
  })

  test('has a path of its own', () => {
    const paths = routes.map((route) => `${route.method} ${fullPath(route).replace(/\{[^}]+\}/g, '{}')}`)
    expect(paths.filter((path, i) => paths.indexOf(path) !== i)).toEqual([])
  })

  test.each(
    answering.filter((route) => !('why' in route.permission)).map((route) => [nameOf(route), route] as const),
  )('%s refuses whoever shows no key, or a wrong one', async (_, route) => {
    const path = fullPath(route)
      .replace('{account_id}', us.accountId)
      .replace('{workspace_id}', us.workspaceId)
      .replace(/\{(\w*_)?id\}/g, randomUUID())
      .replace(/\{\w+\}/g, 'x')
    for (const key of [null, 'nonsense', 'rgu_0000']) {
      expect((await call(us, route.method, path, undefined, { key })).status).toBe(401)
    }
  })

  test('asks for the scope it names', async () => {
    for (const route of inWorkspace) {
      if (
        !answering.includes(route) ||
        !/^(run|manage|write)_/.test((route.permission as { scope: string }).scope)
      )
        continue
      const answer = await call(us, route.method, pathOfOurs(route), bodyOnOurs(route), {
        key: us.key('viewer'),
      })
      expect(answer.status, nameOf(route)).toBe(403)
    }
  })
})

describe('another tenant', () => {
  const cases = inWorkspace
    .filter((route) => answering.includes(route))
    .map((route) => [nameOf(route), route] as const)

  test.each(cases)('%s: its key opens nothing on our address', async (_, route) => {
    const answer = await call(us, route.method, pathOfOurs(route), bodyOnOurs(route), { key: them.key() })
    expect([401, 403, 404]).toContain(answer.status)
    expect(answer.text).not.toContain(ours.secret)
  })

  test('its address with our account, or ours with its workspace, does not exist', async () => {
    for (const [account, workspace] of [
      [us.accountId, them.workspaceId],
      [them.accountId, us.workspaceId],
    ]) {
      for (const key of [us.key(), them.key()]) {
        const answer = await call(
          us,
          'POST',
          `/api/accounts/${account}/workspaces/${workspace}/flows/filter`,
          {},
          { key },
        )
        expect([401, 403, 404]).toContain(answer.status)
      }
    }
  })

  test('finds nothing of ours by our ids and names on its own address, and changes nothing', async () => {
    const before = await keptOf(us)
    for (const [name, route] of cases) {
      // Of the workspace itself, which would be theirs.
      if (route.path === '/' || route.path === '') continue
      const answer = await call(them, route.method, pathOfOurs(route), bodyOnOurs(route))
      expect(answer.status, `${name} ${answer.text}`).toBeLessThan(500)
      // Names it sent itself may come back; what only we wrote may not.
      const path = pathOfOurs(route)
      if (answer.status < 300 && !path.includes(ours.secret ?? ''))
        expect(answer.text, name).not.toContain(ours.secret)
      if (answer.status < 300 && /\{id\}/.test(route.path))
        throw new Error(`${name} answered ${answer.status} for an id of ours`)
    }
    expect(await keptOf(us)).toBe(before)
  })

  test('may use the names we use', async () => {
    const theirs = await call(them, 'POST', '/flows/', { name: ours.secret })
    expect(theirs.json.id).not.toBe(ours.flows)
  })
})

// Nonsense from the document itself ------------------------------------------------------------------------------------

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    2 ** 53,
    1e308,
    '',
    'x',
    '\u0000',
    '\ud800',
    '٣',
    [],
    {},
    [null],
    { a: { b: [] } },
    '9999-12-31T23:59:59.999999Z',
    '0000-01-01',
  ),
  fc.string({ maxLength: 30, unit: 'binary' }),
  fc.integer(),
  fc.double(),
)
const instants = fc.constantFrom(
  '2026-08-21 16:27:33.123456+00:00',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999Z',
  '2026-02-30T00:00:00Z',
  '1969-12-31T23:59:59.5-12:00',
)

/** Any value as a part of a path. Not as a step within it, which whoever makes the address takes: that would be another route. */
const segmentOf = (value: unknown): string =>
  encodeURIComponent(String(value).toWellFormed()).replace(/^\.{0,2}$/, 'x')

/** Values of a schema, most of them right, some of them not. */
function valuesOf(schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
  const right = rightValuesOf(schema, depth)
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: odd })
}

function rightValuesOf(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (typeof schema.$ref === 'string')
    return valuesOf(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, depth)
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (choices) return fc.oneof(...choices.map((choice) => valuesOf(choice, depth + 1)))
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]))
  if (Array.isArray(schema.prefixItems))
    return fc.tuple(...schema.prefixItems.map((item) => valuesOf(item as JsonSchema, depth + 1)))
  if (schema.type === 'array')
    return fc.array(valuesOf((schema.items ?? {}) as JsonSchema, depth + 1), { maxLength: 3 })
  if (schema.type === 'object' || schema.properties) return objectsOf(schema, depth)
  if (schema.type === 'integer') return fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeInteger())
  if (schema.type === 'number') return fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double())
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.type !== 'string') return odd
  const ids = fc.oneof(fc.uuid(), fc.constantFrom(...Object.values(ours).filter((id) => id.length === 36)))
  if (schema.format === 'uuid' || /0-9a-f/.test(String(schema.pattern))) return ids
  return fc.oneof(
    fc.string({ maxLength: 20, unit: 'grapheme' }),
    instants,
    fc.constantFrom('%', '_', '\\', "'; drop table flows; --", '+a -"b', '*'),
  )
}

function objectsOf(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>
  if (Object.keys(properties).length === 0) {
    const values =
      typeof schema.additionalProperties === 'object' && schema.additionalProperties
        ? valuesOf(schema.additionalProperties as JsonSchema, depth + 1)
        : odd
    return fc.dictionary(fc.string({ maxLength: 8 }), values, { maxKeys: 3 })
  }
  const required = (schema.required ?? []) as string[]
  return fc.record(
    Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, valuesOf(value, depth + 1)])),
    {
      requiredKeys: required.filter((key) => key in properties),
    },
  )
}

describe('nonsense', () => {
  const operations = answering
    .filter((route) => route.permission.in === 'workspace' || route.permission.in === 'actor')
    // These end the key or the account that the test stands on.
    .filter(
      (route) =>
        (route.permission.in === 'workspace' && route.path !== '/' && route.path !== '') ||
        route.method === 'GET',
    )
    .map((route) => [nameOf(route), route] as const)

  const isFair = (answer: TestAnswer, name: string, sent: string): void => {
    if (answer.status >= 500)
      throw new Error(`${name} answered ${answer.status} ${answer.text} to ${sent.slice(0, 2_000)}`)
    if (answer.status >= 400) expect(answer.json, name).toHaveProperty('detail')
  }

  test.each(operations)('%s never fails the server', async (name, route) => {
    const operation = document.paths[fullPath(route)]?.[route.method.toLowerCase()]
    const parameters = operation?.parameters ?? []
    const body = operation?.requestBody?.content['application/json']?.schema
    const inputs = fc.record({
      path: fc.record(
        Object.fromEntries(
          parameters.filter((p) => p.in === 'path').map((p) => [p.name, valuesOf(p.schema)]),
        ),
      ),
      query: fc.record(
        Object.fromEntries(
          parameters
            .filter((p) => p.in === 'query')
            .map((p) => [p.name, fc.option(valuesOf(p.schema), { nil: undefined })]),
        ),
      ),
      body: body ? valuesOf(body) : fc.constant(undefined),
    })
    await fc.assert(
      fc.asyncProperty(inputs, async ({ path, query, body: sent }) => {
        const filled = fullPath(route)
          .replace('{account_id}', them.accountId)
          .replace('{workspace_id}', them.workspaceId)
          .replace(/\{(\w+)\}/g, (_, key: string) => segmentOf(path[key]))
        const search = Object.entries(query)
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => `${key}=${encodeURIComponent(String(value).toWellFormed())}`)
          .join('&')
        const text = sent === undefined ? undefined : JSON.stringify(sent)
        isFair(
          await call(them, route.method, search ? `${filled}?${search}` : filled, text),
          name,
          `${filled}?${search} ${text}`,
        )
      }),
      { numRuns: 25 },
    )
  })

  test('nothing has a name with a NUL character, whatever is asked of it', async () => {
    const named = operations.filter(([, route]) => /\{(?!\w*_?id\})\w+\}/.test(route.path))
    expect(named.length).toBeGreaterThan(20)
    for (const [name, route] of named) {
      const path = fullPath(route)
        .replace('{account_id}', them.accountId)
        .replace('{workspace_id}', them.workspaceId)
        .replace(/\{(\w*_)?id\}/g, randomUUID())
        .replace(/\{\w+\}/g, '%00')
      expect((await call(them, route.method, path, bodyOnOurs(route))).status, name).toBe(404)
    }
  })

  test.each(operations.filter(([, route]) => route.body))(
    '%s takes no body that is not JSON, or absurdly deep',
    async (name, route) => {
      const path = fullPath(route)
        .replace('{account_id}', them.accountId)
        .replace('{workspace_id}', them.workspaceId)
        .replace(/\{(\w*_)?id\}/g, randomUUID())
        .replace(/\{\w+\}/g, 'x')
      const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
      for (const text of [
        '{',
        'nul',
        '\u0000',
        '"text"',
        '[1,',
        '{"a":"\\ud800"}',
        '{"name":NaN}',
        deep,
        `{"data":${deep},"parameters":${deep},"fields":${deep},"payload":${deep},"state":{"type":"RUNNING","data":${deep}}}`,
      ]) {
        isFair(await call(them, route.method, path, text), name, text)
      }
    },
  )
})
