import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant, db } = await testApi()
let us: TestTenant
let them: TestTenant
const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

interface Kind {
  type: string
  schema: string
  checksum: string
}

async function kind(slug: string, fields: object): Promise<Kind> {
  const type = (await post('/block_types/', { name: slug, slug })).json.id
  const schema = (
    await post('/block_schemas/', {
      block_type_id: type,
      fields: { ...fields, block_type_slug: slug },
      capabilities: ['read-path', slug],
    })
  ).json
  return { type, schema: schema.id, checksum: schema.checksum }
}

const save = async (of: Kind, data: unknown, more: object = {}) =>
  post('/block_documents/', {
    name: `d-${randomUUID().slice(0, 8)}`,
    data,
    block_schema_id: of.schema,
    block_type_id: of.type,
    ...more,
  })

describe('block types', () => {
  test('that every workspace has appear when asked for and cannot be deleted', async () => {
    const secret = await get('/block_types/slug/secret')
    expect(secret.json).toMatchObject({ slug: 'secret', is_protected: true })
    expect(
      (
        await post(
          '/block_types/filter',
          { block_types: { slug: { any_: ['webhook', 'secret', 'local-file-system'] } } },
          them,
        )
      ).json,
    ).toHaveLength(3)
    expect(await call(us, 'DELETE', `/block_types/${secret.json.id}`)).toMatchObject({
      status: 403,
      json: { detail: 'protected block types cannot be deleted.' },
    })
    // Clients of each version say it in their own words.
    expect(
      (await call(us, 'PATCH', `/block_types/${secret.json.id}`, { description: 'mine', logo_url: null }))
        .status,
    ).toBe(204)
    expect((await get('/block_types/slug/secret')).json.description).toBe('mine')
    expect((await post('/block_types/install_system_block_types')).status).toBe(200)
    expect((await post('/block_types/', { name: 'Secret', slug: 'secret' })).status).toBe(409)
    const [schema] = (
      await post('/block_schemas/filter', { block_schemas: { block_type_id: { any_: [secret.json.id] } } })
    ).json
    expect((await call(us, 'DELETE', `/block_schemas/${schema.id}`)).status).toBe(403)
  })

  test('have unique slugs, and names that are not reserved', async () => {
    expect((await post('/block_types/', { name: 'mine', slug: 'mine' })).status).toBe(201)
    expect((await post('/block_types/', { name: 'mine too', slug: 'mine' })).status).toBe(409)
    expect((await post('/block_types/', { name: 'mine', slug: 'mine' }, them)).status).toBe(201)
    expect((await post('/block_types/', { name: 'Prefect Cloud', slug: 'x' })).status).toBe(403)
    expect((await post('/block_types/', { name: 'x', slug: 'X y' })).status).toBe(422)
    expect((await get('/block_types/slug/nothing')).status).toBe(404)
  })

  test('tell what blocks can do', async () => {
    await kind('capable', {})
    expect((await get('/block_capabilities/')).json).toContain('capable')
    expect((await get('/block_capabilities/', them)).json).not.toContain('capable')
    const types = (
      await post('/block_types/filter', {
        block_schemas: { block_capabilities: { all_: ['capable', 'read-path'] } },
      })
    ).json
    expect(types.map((type: { slug: string }) => type.slug)).toEqual(['capable'])
  })
})

describe('block schemas', () => {
  test('are found by the checksum that clients compute, numbers as written', async () => {
    const type = (await post('/block_types/', { name: 'floaty', slug: 'floaty' })).json.id
    const body = `{"block_type_id":"${type}","fields":{"default":1.0,"secret_fields":["a"]},"version":"1"}`
    const made = await call(us, 'POST', '/block_schemas/', body)
    expect(made.status).toBe(201)
    expect(made.text).toContain('"fields":{"default":1.0,"secret_fields":["a"]}')
    expect((await call(us, 'POST', '/block_schemas/', body)).status).toBe(200)
    const newer = await call(us, 'POST', '/block_schemas/', body.replace('"1"', '"2"'))
    expect(newer.status).toBe(201)
    expect((await get(`/block_schemas/checksum/${made.json.checksum}`)).json.id).toBe(newer.json.id)
    expect((await get(`/block_schemas/checksum/${made.json.checksum}?version=1`)).json.id).toBe(made.json.id)
    expect((await get(`/block_schemas/checksum/${made.json.checksum}`, them)).status).toBe(404)
    expect((await post('/block_schemas/', { block_type_id: type }, them)).status).toBe(404)
    expect((await call(us, 'DELETE', `/block_schemas/${newer.json.id}`)).status).toBe(204)
  })
})

describe('block documents', () => {
  const fields = { secret_fields: ['password', 'headers.*', 'list.token'] }

  test('hide secrets of every shape unless one may and does ask', async () => {
    const of = await kind('vaulted', fields)
    const data = {
      password: { deep: ['pw'] },
      headers: { a: 'ha', b: null },
      list: [{ token: 't1' }, { open: 1 }],
      open: 'o',
    }
    const made = (await save(of, data)).json
    const hidden = {
      password: '********',
      headers: { a: '********', b: null },
      list: [{ token: '********' }, { open: 1 }],
      open: 'o',
    }
    expect(made.data).toEqual(hidden)
    expect(made).toMatchObject({
      block_type_name: 'vaulted',
      block_type: { slug: 'vaulted' },
      block_schema: { checksum: of.checksum },
    })
    expect((await get(`/block_documents/${made.id}`)).json.data).toEqual(hidden)
    expect((await get(`/block_documents/${made.id}?include_secrets=true`)).json.data).toEqual(data)
    expect(
      (await get(`/block_types/slug/vaulted/block_documents/name/${made.name}?include_secrets=True`)).json
        .data,
    ).toEqual(data)
    const viewer = { key: us.key('viewer') }
    expect((await call(us, 'GET', `/block_documents/${made.id}`, undefined, viewer)).json.data).toEqual(
      hidden,
    )
    expect(
      (await call(us, 'GET', `/block_documents/${made.id}?include_secrets=true`, undefined, viewer)).status,
    ).toBe(403)
    expect(
      (await call(us, 'POST', '/block_documents/filter', { include_secrets: true }, viewer)).status,
    ).toBe(403)
    const [stored] = await db.engine<
      { data: Uint8Array }[]
    >`select data from block_documents where id = ${made.id}`
    expect(Buffer.from(stored?.data ?? []).toString('latin1')).not.toContain('pw')
  })

  test('keep a secret that comes back hidden, and merge unless told otherwise', async () => {
    const of = await kind('patched', fields)
    const { id } = (await save(of, { password: 'pw', headers: { a: 'ha' }, open: 1 })).json
    const patch = (body: object | string) => call(us, 'PATCH', `/block_documents/${id}`, body)
    const data = async () => (await get(`/block_documents/${id}?include_secrets=true`)).json.data
    expect(
      (await patch({ data: { password: '********', headers: { a: '********', b: 'hb' } } })).status,
    ).toBe(204)
    expect(await data()).toEqual({ password: 'pw', headers: { a: 'ha', b: 'hb' }, open: 1 })
    await patch({ data: { password: '********' }, merge_existing_data: false })
    expect(await data()).toEqual({ password: 'pw' })
    await patch('{"data":{"n":12345678901234567890.0}}')
    expect((await get(`/block_documents/${id}`)).text).toContain('12345678901234567890.0')
    const other = await kind('patched-other', {})
    expect((await patch({ block_schema_id: other.schema })).status).toBe(422)
    expect((await patch({})).status).toBe(204)
  })

  /** As the published client says it of dictionaries, lists and choices of what holds secrets: it names no keys and no positions. */
  test('hide secrets within dictionaries and lists of what holds them', async () => {
    const token = { type: 'object', properties: { token: { type: 'string' }, open: { type: 'integer' } } }
    const of = await kind('dictionaries', {
      properties: {
        one: { anyOf: [{ $ref: '#/definitions/Token' }, { type: 'null' }] },
        many: { type: 'array', items: { $ref: '#/definitions/Token' } },
        named: { type: 'object', additionalProperties: { $ref: '#/definitions/Token' } },
        grouped: {
          additionalProperties: { items: { additionalProperties: { $ref: '#/definitions/Token' } } },
        },
        endless: { $ref: '#/definitions/Endless' },
        bags: { type: 'array', items: { type: 'object' } },
        words: { type: 'array', items: { type: 'string' } },
      },
      definitions: { Token: token, Endless: { additionalProperties: { $ref: '#/definitions/Endless' } } },
      secret_fields: [
        'one.token',
        'many.token',
        'named.token',
        'grouped.token',
        'endless.token',
        'bags.*',
        'words.*',
        'list.*.key',
      ],
    })
    const holder = (said: string) => ({ token: said, open: 1 })
    const dataOf = (said: (text: string) => string) => ({
      one: holder(said('a')),
      many: [holder(said('b')), holder(said('c'))],
      named: { token: holder(said('d')), other: holder(said('e')) },
      grouped: { x: [{ y: holder(said('f')) }] },
      bags: [{ any: said('g') }],
      words: [said('h')],
      list: [{ key: said('i'), open: 2 }],
    })
    const { id, data } = (
      await save(
        of,
        dataOf((text) => text),
      )
    ).json
    const hidden = dataOf(() => '********')
    expect(data).toEqual(hidden)
    expect((await call(us, 'PATCH', `/block_documents/${id}`, { data: hidden })).status).toBe(204)
    expect((await get(`/block_documents/${id}?include_secrets=true`)).json.data).toEqual(
      dataOf((text) => text),
    )
    // Of a list that has become shorter nobody knows which item stayed; and what was never kept cannot be meant.
    for (const wrong of [
      { many: [holder('********')] },
      { one: { token: '********' }, named: { new: holder('********') } },
    ])
      expect(await call(us, 'PATCH', `/block_documents/${id}`, { data: wrong })).toMatchObject({
        status: 422,
        json: { detail: expect.stringContaining('Send the secret itself.') },
      })
    expect((await get(`/block_documents/${id}?include_secrets=true`)).json.data).toEqual(
      dataOf((text) => text),
    )
  })

  test('do not show a secret because they moved to a schema that does not call it one', async () => {
    const of = await kind('moving', { properties: { password: {}, user: {} }, secret_fields: ['password'] })
    const schema = async (version: string, properties: object, secret_fields: string[] = []) =>
      (
        await post('/block_schemas/', {
          block_type_id: of.type,
          version,
          fields: { properties, secret_fields },
        })
      ).json.id
    const { id } = (await save(of, { password: 'pw', user: 'u' })).json
    const move = (to: string, data: object, more: object = {}) =>
      call(us, 'PATCH', `/block_documents/${id}`, { block_schema_id: to, data, ...more })
    const data = async () => (await get(`/block_documents/${id}`)).json.data
    // Hidden in part is not hidden.
    const partly = await schema('partly', { password: {} }, ['password.a'])
    await call(us, 'PATCH', `/block_documents/${id}`, { data: { password: { a: 1, b: 2 } } })
    expect((await move(partly, {})).status).toBe(422)
    await call(us, 'PATCH', `/block_documents/${id}`, { data: { password: 'pw' } })
    const open = await schema('open', { password: {}, user: {} })
    const same = await schema('same', { password: {}, login: {} }, ['password'])
    const without = await schema('without', { user: {} })
    for (const refused of [{}, { password: '********' }]) {
      expect(await move(open, refused)).toMatchObject({
        status: 422,
        json: { detail: expect.stringContaining('password is kept secret') },
      })
    }
    expect(await data()).toEqual({ password: '********', user: 'u' })
    // Secret there too, it moves along.
    expect((await move(same, { login: 'l', password: '********' })).status).toBe(204)
    expect((await get(`/block_documents/${id}?include_secrets=true`)).json.data.password).toBe('pw')
    // A schema that has no such field any more leaves it behind, as clients expect that save over a document of an older class.
    expect((await move(without, { user: 'v' })).status).toBe(204)
    expect(await data()).toEqual({ user: 'v', login: 'l' })
    await move(of.schema, { password: 'again' })
    // What is sent anew is the sender's to show.
    expect((await move(open, { password: 'for all to see' })).status).toBe(204)
    expect(await data()).toMatchObject({ password: 'for all to see' })
  })

  test('show the documents they refer to in their place', async () => {
    const inner = await kind('inner', { secret_fields: ['password'] })
    const outer = await kind('outer', {})
    const child = (await save(inner, { password: 'pw', user: 'u' })).json
    const parent = (await save(outer, { credentials: { $ref: { block_document_id: child.id } }, n: 1 })).json
    expect(parent.data).toEqual({ credentials: { password: '********', user: 'u' }, n: 1 })
    expect(parent.block_document_references.credentials.block_document).toMatchObject({
      id: child.id,
      name: child.name,
      is_anonymous: false,
      block_type: { slug: 'inner' },
      block_document_references: {},
    })
    expect(
      (await get(`/block_documents/${parent.id}?include_secrets=true`)).json.data.credentials.password,
    ).toBe('pw')
    // A document that refers to itself ends somewhere.
    await call(us, 'PATCH', `/block_documents/${child.id}`, {
      data: { loop: { $ref: { block_document_id: parent.id } } },
    })
    expect((await get(`/block_documents/${parent.id}`)).status).toBe(200)
    await call(us, 'DELETE', `/block_documents/${child.id}`)
    expect((await get(`/block_documents/${parent.id}`)).json.data).toEqual({ n: 1 })
    expect((await save(outer, { x: { $ref: { block_document_id: randomUUID() } } })).status).toBe(404)
  })

  test('have unique names; anonymous ones that are alike are one, and out of sight', async () => {
    const of = await kind('named', {})
    const named = await save(of, { a: 1 }, { name: 'one' })
    expect(await save(of, { a: 2 }, { name: 'one' })).toMatchObject({
      status: 409,
      json: { detail: 'Block already exists' },
    })
    expect((await save(of, {}, { name: 'Not Good' })).status).toBe(422)
    expect((await save(of, {}, { name: null })).status).toBe(422)
    const anonymous = await Promise.all(
      [1, 1, 2].map((a) => save(of, { a }, { name: null, is_anonymous: true })),
    )
    expect(anonymous.map((answer) => answer.status)).toEqual([201, 201, 201])
    expect(new Set(anonymous.map((answer) => answer.json.id)).size).toBe(2)
    expect(anonymous[0]?.json.name).toMatch(/^anonymous-[0-9a-f-]{36}$/)
    const ofType = { block_documents: { block_type_id: { any_: [of.type] } } }
    expect((await post('/block_documents/filter', ofType)).json.map((d: { id: string }) => d.id)).toEqual([
      named.json.id,
    ])
    expect((await post('/block_documents/count', ofType)).json).toBe(1)
    expect(
      (
        await post('/block_documents/count', {
          block_documents: { ...ofType.block_documents, is_anonymous: { eq_: true } },
        })
      ).json,
    ).toBe(2)
    expect((await get('/block_types/slug/named/block_documents')).json).toHaveLength(1)
    expect((await post('/block_documents/count', {}, them)).json).toBe(0)
    expect((await get(`/block_documents/${named.json.id}`, them)).status).toBe(404)
    expect((await call(them, 'PATCH', `/block_documents/${named.json.id}`, { data: {} })).status).toBe(404)
    expect((await call(them, 'DELETE', `/block_documents/${named.json.id}`)).status).toBe(404)
    expect((await call(us, 'DELETE', `/block_types/${of.type}`)).status).toBe(204)
    expect((await get(`/block_documents/${named.json.id}`)).status).toBe(404)
  })
})

describe('what is told of blocks', () => {
  const eventsOf = async (resource: string) => {
    const filter = { resource: { id: [resource] }, order: 'ASC' }
    const { events } = (await post('/events/filter', { filter })).json
    return events as { event: string; related: Record<string, string>[]; payload: Record<string, unknown> }[]
  }
  const names = async (resource: string) => (await eventsOf(resource)).map(({ event }) => event)

  test('types and documents tell of each change, with nothing secret in it, and anonymous documents of none', async () => {
    const of = await kind('told', { secret_fields: ['password'] })
    const { id, name } = (await save(of, { password: 'pw', user: 'u', n: 1 })).json
    await call(us, 'PATCH', `/block_documents/${id}`, { data: { user: 'v' } })
    await call(us, 'DELETE', `/block_documents/${id}`)
    const events = await eventsOf(`prefect.block-document.${id}`)
    expect(events.map(({ event }) => event)).toEqual([
      'prefect.block-document.created',
      'prefect.block-document.updated',
      'prefect.block-document.deleted',
    ])
    expect(events[0]).toMatchObject({
      payload: { name, data: { user: 'u' }, block_schema: { block_type: { id: of.type, name: 'told' } } },
      related: [
        { 'prefect.resource.id': `prefect.block-type.${of.type}`, 'prefect.resource.role': 'block-type' },
        {
          'prefect.resource.id': `prefect.block-schema.${of.schema}`,
          'prefect.resource.role': 'block-schema',
        },
      ],
    })
    expect(events[1]?.payload.data).toEqual({ user: 'v' })
    expect(JSON.stringify(events)).not.toContain('pw')
    const hidden = (await save(of, { user: 'u' }, { name: null, is_anonymous: true })).json.id
    expect(await names(`prefect.block-document.${hidden}`)).toEqual([])
    const kept = (await save(of, { user: 'u' })).json.id
    await call(us, 'PATCH', `/block_types/${of.type}`, { description: 'x' })
    await call(us, 'DELETE', `/block_types/${of.type}`)
    expect(await names(`prefect.block-type.${of.type}`)).toEqual([
      'prefect.block-type.created',
      'prefect.block-type.updated',
      'prefect.block-type.deleted',
    ])
    expect(await names(`prefect.block-document.${kept}`)).toEqual([
      'prefect.block-document.created',
      'prefect.block-document.deleted',
    ])
  })

  test('who reads secrets leaves an event, also by way of the document that holds them; who reads without does not', async () => {
    const inner = await kind('audited-inner', { secret_fields: ['password'] })
    const outer = await kind('audited-outer', {})
    const child = (await save(inner, { password: 'pw' })).json.id
    const parent = (await save(outer, { credentials: { $ref: { block_document_id: child } } })).json.id
    const reads = async (id: string) =>
      (await eventsOf(`prefect.block-document.${id}`)).filter(
        ({ event }) => event === 'rigel.block-document.secrets-read',
      )
    await get(`/block_documents/${child}`)
    await post('/block_documents/filter', { block_documents: { id: { any_: [child, parent] } } })
    expect(await reads(child)).toEqual([])
    await get(`/block_documents/${child}?include_secrets=true`)
    await get(`/block_documents/${parent}?include_secrets=true`)
    await post('/block_documents/filter', {
      block_documents: { id: { any_: [child, parent] } },
      include_secrets: true,
    })
    const events = await reads(child)
    expect(events).toHaveLength(3)
    expect(events[0]?.payload).toMatchObject({
      block_type: 'audited-inner',
      by: { handle: 'owner', with: 'key', credential_id: us.workspaceId },
    })
    expect(events[0]?.related[0]).toEqual({
      'prefect.resource.id': `prefect-cloud.user.${us.workspaceId}`,
      'prefect.resource.role': 'actor',
    })
    expect(JSON.stringify(events)).not.toContain('pw')
    // It has none of its own.
    expect(await reads(parent)).toEqual([])
  })
})

describe('where results are kept by default', () => {
  const storage = (who = us) => get('/admin/storage', who)
  const none = { default_result_storage_block_id: null }

  test('is a block of the workspace, until it is cleared or the block is gone', async () => {
    const of = await kind('results', {})
    const { id } = (await save(of, {})).json
    const set = (block: string, options?: { key: string }) =>
      call(us, 'PUT', '/admin/storage', { default_result_storage_block_id: block }, options)
    expect((await storage()).json).toEqual(none)
    expect(await set(id)).toMatchObject({ status: 200, json: { default_result_storage_block_id: id } })
    expect((await storage()).json).toEqual({ default_result_storage_block_id: id })
    expect((await storage(them)).json).toEqual(none)
    expect((await set(randomUUID())).status).toBe(404)
    expect((await set('x')).status).toBe(422)
    expect((await set(id, { key: us.key('viewer') })).status).toBe(403)
    expect((await call(us, 'DELETE', '/admin/storage', undefined, { key: us.key('viewer') })).status).toBe(
      403,
    )
    // Another tenant's block is none.
    const theirs = await call(them, 'PUT', '/admin/storage', { default_result_storage_block_id: id })
    expect(theirs.status).toBe(404)
    expect((await call(us, 'DELETE', '/admin/storage')).status).toBe(204)
    expect((await storage()).json).toEqual(none)
    await set(id)
    await call(us, 'DELETE', `/block_documents/${id}`)
    expect((await storage()).json).toEqual(none)
  })
})
