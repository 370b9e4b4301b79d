import { describe, expect, test } from 'vitest'
import { jinjaOfMessage } from './message-template.ts'
import { canNotify, requestOf } from './notification.ts'

const note = { subject: 'etl/nightly: Failed', body: 'It broke.' }
const sent = (slug: string, fields: Record<string, unknown>) => {
  const { body, ...request } = requestOf(slug, fields, note)
  return { ...request, body: body && JSON.parse(body) }
}

describe('a note', () => {
  test('goes to Slack as a text, also by the short form of its address', () => {
    expect(sent('slack-webhook', { url: 'slack://TA/BB/cc' })).toEqual({
      method: 'POST',
      url: 'https://hooks.slack.com/services/TA/BB/cc',
      headers: { 'content-type': 'application/json' },
      body: { text: '*etl/nightly: Failed*\nIt broke.' },
    })
  })

  test('goes to Discord with its token in the path, no longer than it takes', () => {
    const long = requestOf(
      'discord-webhook',
      { webhook_id: '1', webhook_token: 'a/b', botname: 'Rigel' },
      { subject: 's', body: 'x'.repeat(5_000) },
    )
    expect(long.url).toBe('https://discord.com/api/webhooks/1/a%2Fb')
    const { content, username } = JSON.parse(long.body ?? '')
    expect([content.length, username]).toEqual([2_000, 'Rigel'])
  })

  test('goes to Teams as a card', () => {
    const { body } = sent('ms-teams-webhook', { url: 'https://teams.example.com/x' })
    expect(body.attachments[0].content.body.map((block: { text: string }) => block.text)).toEqual([
      note.subject,
      note.body,
    ])
  })

  test('fills in what a custom webhook says, and its secrets', () => {
    const fields = {
      name: 'Mine',
      url: 'https://example.com/{{ key }}/in',
      method: 'PUT',
      params: { about: '{{subject}}' },
      headers: { Authorization: 'Bearer {{key}}' },
      cookies: { a: '1' },
      json_data: { text: '{{ body }}', by: ['{{name}}', '{{ other }}', 3] },
      secrets: { key: 's3' },
    }
    expect(sent('custom-webhook', fields)).toEqual({
      method: 'PUT',
      url: 'https://example.com/s3/in?about=etl%2Fnightly%3A+Failed',
      headers: { 'content-type': 'application/json', authorization: 'Bearer s3', cookie: 'a=1' },
      body: { text: 'It broke.', by: ['Mine', '{{ other }}', 3] },
    })
    expect(
      requestOf('custom-webhook', { url: 'https://e.com', form_data: { t: '{{body}}' } }, note),
    ).toMatchObject({ body: 't=It+broke.', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  })

  test('goes through no other block, and says of one that lacks something what it is', () => {
    expect(['webhook', 'secret', 'constructor'].filter(canNotify)).toEqual([])
    expect(() => requestOf('secret', {}, note)).toThrow(
      'Rigel does not send notifications through blocks of type secret yet; it does through slack-webhook,',
    )
    expect(() => requestOf('slack-webhook', { url: '' }, note)).toThrow('The block has no url')
    expect(() => requestOf('custom-webhook', { url: 'nowhere', secrets: { a: 's3' } }, note)).toThrow(
      'is none',
    )
    expect(() => requestOf('custom-webhook', { url: 'https://e.com', method: 'a b' }, note)).toThrow('method')
  })
})

describe('the message of a policy', () => {
  test.each([
    ['plain', 'plain'],
    ['{flow_name} is {flow_run_state_name}', '{{ flow.name }} is {{ flow_run.state.name }}'],
    ['{{{flow_run_id}}}', '{{ "{" }}{{ flow_run.id }}{{ "}" }}'],
    ['{{% if %}}', '{{ "{" }}% if %{{ "}" }}'],
  ])('%s', (message, template) => {
    expect(jinjaOfMessage(message)).toBe(template)
  })

  test.each(['{flow}', '{}', '{flow_name!r}', '{constructor}', 'a { b', 'a } b', '{{ flow_name }'])(
    'is refused: %s',
    (message) => {
      expect(() => jinjaOfMessage(message)).toThrow(/is not known here|stands for nothing/)
    },
  )
})
