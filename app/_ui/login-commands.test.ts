import { expect, test } from 'vitest'
import { loginCommands } from './login-commands.ts'

test('the lines to paste are complete', () => {
  const here = loginCommands({ key: 'rgu_x', origin: 'http://127.0.0.1:3000' })
  expect(here.rigel).toBe('rigel login -k rgu_x')
  expect(here.prefect).toBe('prefect cloud login -k rgu_x')
  expect(here.prefectApi).toBe('prefect config set PREFECT_CLOUD_API_URL=http://127.0.0.1:3000/api')
  const there = loginCommands({
    key: 'rgu_x',
    origin: 'https://rigel.example',
    workspaceSlug: 'acme/production',
  })
  expect(there.rigel).toBe('rigel login -k rgu_x --url https://rigel.example')
  expect(there.prefect).toBe('prefect cloud login -k rgu_x -w acme/production')
})
