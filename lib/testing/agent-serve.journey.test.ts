import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { rootFolder } from '../process/root.ts'
import { rigelFor } from './rigel.ts'
import { startTestServer } from './server.ts'

const server = await startTestServer()
const folder = mkdtempSync(join(tmpdir(), 'rigel-serve-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const flows = join(folder, 'flows.ts')
writeFileSync(
  flows,
  `import { flow, logger } from '@rigel/agent'
   import { z } from ${JSON.stringify(join(rootFolder, 'node_modules/zod/index.js'))}
   const Parameters = z.object({ name: z.string().min(2), rows: z.number().int().default(3) })
   export const greet = flow({ name: 'greet', parameters: Parameters }, async ({ name, rows }) => {
     logger.info('%d rows for %s', rows, name)
   })
  `,
)

test('a served flow runs what is made of it, and its deployment is paused when serving ends', async () => {
  const tenant = await server.tenant()
  const rigel = rigelFor(tenant)
  const serving = rigel.start(
    'serve',
    `${flows}:greet`,
    '-n',
    'here',
    '--cron',
    '0 9 15 * *',
    '--timezone',
    'Europe/Berlin',
  )
  await serving.says('serving greet/here')

  // A parameter that does not fit is refused before anything runs, by name and reason.
  const refused = await rigel.try('deployment', 'run', 'greet/here', '-p', 'name=A')
  expect(refused.status).toBe(1)
  expect(refused.stderr).toMatch(/name/)

  const watched = await rigel.try('deployment', 'run', 'greet/here', '-p', 'name=Ada', '--watch')
  expect(watched.status, watched.stderr).toBe(0)
  expect(watched.stdout).toContain('3 rows for Ada')
  expect(await rigel.run('deployment', 'ls')).toMatch(
    /greet\/here +READY +cron 0 9 15 \* \* \(Europe\/Berlin\)/,
  )
  const shown = await rigel.run('deployment', 'inspect', 'greet/here')
  expect(shown.match(/next run/g)?.length).toBe(3)
  expect(await rigel.run('deployment', 'schedule', 'ls', 'greet/here')).toContain('cron 0 9 15 * *')

  serving.child.kill('SIGINT')
  expect(await serving.ended).toMatchObject({ status: 0, stdout: '' })
  expect(await rigel.run('deployment', 'ls')).toMatch(/greet\/here +PAUSED/)

  await rigel.run('deployment', 'delete', 'greet/here', '--yes')
  expect((await rigel.try('deployment', 'inspect', 'greet/here')).stderr).toContain('there is no deployment')
})
