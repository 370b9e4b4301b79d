import { expect, test } from 'vitest'
import { parseClientCallback } from './client-callback.ts'

test.each([
  ['http://localhost:4242', 'http://localhost:4242'],
  ['http://localhost:4242/', 'http://localhost:4242'],
  ['http://127.0.0.1:1/cb', 'http://127.0.0.1:1/cb'],
  ['http://[::1]:9000', 'http://[::1]:9000'],
])('a key may go to %s', (callback, url) => {
  expect(parseClientCallback(callback, undefined)).toMatchObject({
    url,
    style: 'paths',
    program: 'prefect cloud login',
  })
})

test.each([
  undefined,
  '',
  'localhost:4242',
  'http://localhost',
  'https://localhost:4242',
  'http://evil.example:80/',
  'http://localhost.evil.example:4242',
  'http://localhost:4242@evil.example:80',
  'http://evil.example:80#@localhost:4242',
  'http://127.0.0.2:4242',
  'http://0.0.0.0:4242',
  'http://user:secret@localhost:4242',
  'http://localhost:4242/?next=x',
  'javascript:alert(1)',
  'file:///etc/passwd',
])('a key never goes to %j', (callback) => {
  expect(parseClientCallback(callback, 'rigel')).toBeNull()
})

test('each program is named and answered in its own way', () => {
  expect(parseClientCallback('http://localhost:1', 'rigel')).toMatchObject({
    program: 'rigel login',
    style: 'paths',
  })
  expect(parseClientCallback('http://localhost:1', 'prefect-cloud')).toMatchObject({
    program: 'prefect-cloud login',
    style: 'plain',
  })
})
