import { expect, test } from 'vitest'
import { parseAdminCommand, UsageError } from './admin-arguments.ts'

const full = ['bootstrap', '--user', 'ada', '--email', 'a@b.c', '--account', 'acme', '--workspace', 'main']

test('the whole command is understood, in either spelling of an option', () => {
  expect(parseAdminCommand([...full, '--account-role=admin', '--json'])).toEqual({
    name: 'bootstrap',
    user: 'ada',
    email: 'a@b.c',
    account: 'acme',
    workspace: 'main',
    'account-role': 'admin',
    json: true,
  })
})

test.each([[[]], [['--help']], [['help']], [['bootstrap', '-h']]])('%j asks for help', (args) => {
  expect(parseAdminCommand(args)).toEqual({ name: 'help' })
})

test.each([
  [['--json'], 'Which command?'],
  [['bootsrap'], 'There is no command "bootsrap"'],
  [full.slice(0, 5), '--account, --workspace are missing'],
  [[...full, '--account-role', 'king'], '--account-role should be one of owner, admin, member'],
  [[...full, '--colour', 'red'], /^Unknown option '--colour'\.$/],
  [[...full.slice(0, -1), ''], '--workspace is missing or empty'],
])('%j is refused with what is wrong', (args, words) => {
  expect(() => parseAdminCommand(args)).toThrow(UsageError)
  expect(() => parseAdminCommand(args)).toThrow(words)
})
