import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { underPublicUrl } from './pages.ts'

function heard(publicUrl: string | undefined): Readonly<Record<string, unknown>> {
  const request = new IncomingMessage(new Socket())
  request.headers = { host: '127.0.0.1:3000', 'x-forwarded-host': 'evil.example' }
  let headers: Readonly<Record<string, unknown>> = {}
  underPublicUrl(publicUrl, (asked) => {
    headers = asked.headers
  })(request, new ServerResponse(request))
  return headers
}

test('pages stand under PUBLIC_URL, whatever host a request claims', () => {
  expect(heard('https://rigel.example.com')).toMatchObject({
    'x-forwarded-host': 'rigel.example.com',
    'x-forwarded-proto': 'https',
  })
})

test('without it, under what the request names', () => {
  expect(heard(undefined)).toEqual({ host: '127.0.0.1:3000', 'x-forwarded-host': 'evil.example' })
})
