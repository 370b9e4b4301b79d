import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect } from 'vitest'
import { rootFolder } from '../../process/root.ts'
import { type GitHubStandIn, startGitHubStandIn } from '../github-stand-in.ts'
import { type RunningProgram, startProgram } from '../python.ts'
import { runCommand, type ServerProcess, startProcess } from '../start-process.ts'

/** A folder that is gone after the file's last test. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `rigel-${name}-`))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

export interface World {
  readonly server: ServerProcess
  readonly url: string
  readonly github: GitHubStandIn
  /** Addresses that a browser may ask for. */
  readonly origins: readonly string[]
  readonly dataDir: string
}

/** `npm start` with the console, on a data folder and a port of its own, and GitHub's stand-in beside it. */
export async function startWorld(): Promise<World> {
  const dataDir = temporaryFolder('journey')
  const github = await startGitHubStandIn()
  afterAll(() => github.close())
  const server = await startProcess(dataDir, {
    flags: [],
    env: { GITHUB_ID: github.clientId, GITHUB_SECRET: github.clientSecret, GITHUB_URL: github.url },
  })
  afterAll(() => server.stop())
  return { server, url: server.url, github, origins: [server.url, github.url], dataDir }
}

let people = 0

/** Signs a new person up by the button and answers where their first workspace is. */
export async function signUp(world: World, page: Page, login = `ada-${++people}`): Promise<string> {
  world.github.signIn({ id: 1000 + ++people, login })
  await page.goto(world.url)
  await page.getByRole('button', { name: /^Continue with/ }).click()
  await page.getByRole('heading', { name: 'Run your first flow' }).waitFor()
  return baseOf(page)
}

/** `http://…/account/{id}/workspace/{id}` of the page that is open. */
export function baseOf(page: Page): string {
  const [base] = /^.*\/account\/[^/]+\/workspace\/[^/]+/.exec(page.url()) ?? []
  if (base === undefined) throw new Error(`${page.url()} is not in a workspace`)
  return base
}

export interface Tenant {
  readonly apiUrl: string
  readonly userId: string
  readonly accountId: string
  readonly workspaceId: string
  readonly apiKey: string
  /** `http://…/account/{id}/workspace/{id}` */
  readonly base: string
  /** Below the workspace, with the tenant's key. Answers parsed JSON; refusals throw. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  call(method: string, path: string, body?: unknown): Promise<any>
}

/** A tenant as operators make one. */
export async function bootstrap(world: World, name: string): Promise<Tenant> {
  const { status, stdout, stderr } = await runCommand(
    [
      ...['lib/process/run.mjs', 'admin', 'bootstrap', '--json'],
      ...['--user', name, '--email', `${name}@example.com`, '--account', name, '--workspace', 'main'],
    ],
    world.dataDir,
  )
  expect(status, stderr).toBe(0)
  const made = JSON.parse(stdout)
  return tenantOf(world, made.api_key, made.account_id, made.workspace_id, made.user_id)
}

export function tenantOf(
  world: World,
  apiKey: string,
  accountId: string,
  workspaceId: string,
  userId = '',
): Tenant {
  const apiUrl = `${world.url}/api`
  return {
    ...{ apiUrl, userId, accountId, workspaceId, apiKey },
    base: `${world.url}/account/${accountId}/workspace/${workspaceId}`,
    async call(method, path, body) {
      const answer = await fetch(`${apiUrl}/accounts/${accountId}/workspaces/${workspaceId}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`)
      return text === '' ? null : JSON.parse(text)
    },
  }
}

export interface Terminal {
  readonly home: string
  /** Where the user works: what a command writes and reads by a short name is here. */
  readonly folder: string
  /** A line as it was pasted, under way. */
  start(line: string): RunningProgram
  /** A line as it was pasted, run to its end. */
  type(line: string): Promise<{ readonly status: number | null; readonly output: string }>
}

/**
 * A user's shell, with a home of its own. `rigel` is the built command, and `npx rigel` finds it as after
 * `npm install @rigel/agent`.
 */
export function openTerminal(
  env: Readonly<Record<string, string>> = {},
  programs: readonly string[] = [],
): Terminal {
  const home = temporaryFolder('terminal')
  const folder = join(home, 'project')
  const bin = join(folder, 'node_modules', '.bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n')
  const command = join(bin, 'rigel')
  writeFileSync(
    command,
    `#!/bin/sh\nexec "${process.execPath}" "${join(rootFolder, 'agent', 'dist', 'cli.js')}" "$@"\n`,
  )
  chmodSync(command, 0o755)
  const { PATH = '', LANG } = process.env
  const environment = {
    NODE_ENV: 'test' as const,
    PATH: [bin, ...programs, PATH].join(delimiter),
    HOME: home,
    ...(LANG ? { LANG } : {}),
    // Nobody is there to see a browser come up; the test opens the page that is printed.
    BROWSER: 'none',
    PREFECT_HOME: join(home, '.prefect'),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    COLUMNS: '400',
    NO_COLOR: '1',
    DO_NOT_TRACK: '1',
    ...env,
  }
  const running = new Set<RunningProgram>()
  afterAll(() => {
    for (const { child } of running) child.kill('SIGKILL')
  })
  const start = (line: string): RunningProgram => {
    const program = startProgram('/bin/sh', ['-c', line], environment, folder)
    running.add(program)
    void program.ended.then(() => running.delete(program))
    return program
  }
  return {
    home,
    folder,
    start,
    type: (line) => start(line).ended,
  }
}
