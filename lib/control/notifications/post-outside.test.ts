import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isInside, postOutside } from './post-outside.ts'

let status = 204
const heard: string[] = []
const receiver = createServer((request, response) => {
  heard.push(`${request.method} ${request.url}`)
  response.writeHead(status, { location: '/elsewhere' }).end('secret answer')
})
let port = 0
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  port = (receiver.address() as AddressInfo).port
})
afterAll(() => receiver.close())

const post = (url: string, allowsInside = true) =>
  postOutside({ method: 'POST', url, headers: {}, body: 'x' }, allowsInside)

describe('a request of a tenant', () => {
  test('is sent', async () => {
    await post(`http://localhost:${port}/in`)
    expect(heard.splice(0)).toEqual(['POST /in'])
  })

  test.each([
    [302, 'bad-input'],
    [404, 'bad-input'],
    [429, 'unavailable'],
    [503, 'unavailable'],
  ])('that is answered %i is not followed, and told by its status alone', async (answered, code) => {
    status = answered
    await expect(post(`http://127.0.0.1:${port}/in`)).rejects.toMatchObject({
      code,
      message: `The receiver answered ${answered}.`,
    })
    status = 204
    expect(heard.splice(0)).toEqual(['POST /in'])
  })

  test.each(['localhost', '127.0.0.1', '0x7f.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]'])(
    'does not reach %s unless it may',
    async (host) => {
      await expect(post(`http://${host}:${port}/in`, false)).rejects.toMatchObject({ code: 'bad-input' })
      expect(heard).toEqual([])
    },
  )

  test('is refused for what is no address of the web, and goes better another time where nobody listens', async () => {
    for (const url of ['', 'file:///etc/passwd', 'gopher://example.com'])
      await expect(post(url)).rejects.toMatchObject({ code: 'bad-input' })
    await expect(post('http://nobody.invalid/')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test.each([
  ['8.8.8.8', false],
  ['2606:4700::1111', false],
  ['10.1.2.3', true],
  ['169.254.169.254', true],
  ['100.64.0.1', true],
  ['224.0.0.1', true],
  ['::', true],
  ['::ffff:8.8.8.8', true],
  ['64:ff9b::a00:1', true],
  ['2002:a00:1::', true],
  ['fd00::1', true],
  ['fe80::1', true],
])('%s lies inside: %s', (address, lies) => {
  expect(isInside(address)).toBe(lies)
})
