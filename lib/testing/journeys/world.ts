import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { askerOf } from '../ask.ts'
import { afterFile } from '../cleanup.ts'
import { type GitHubStandIn, startGitHubStandIn } from '../github-stand-in.ts'
import { type ServerProcess, startProcess } from '../start-process.ts'

/** A folder that is gone after the file's last test. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `rigel-${name}-`))
  afterFile(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
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
export async function startWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const dataDir = temporaryFolder('journey')
  const github = await startGitHubStandIn()
  afterFile(() => github.close())
  const server = await startProcess(dataDir, {
    flags: [],
    env: { GITHUB_ID: github.clientId, GITHUB_SECRET: github.clientSecret, GITHUB_URL: github.url, ...env },
  })
  afterFile(() => server.stop())
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
  readonly accountId: string
  readonly workspaceId: string
  readonly apiKey: string
  /** `http://…/account/{id}/workspace/{id}` */
  readonly base: string
  /** Below the workspace, with the tenant's key. Answers parsed JSON; refusals throw. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  call(method: string, path: string, body?: unknown): Promise<any>
}

export function tenantOf(world: World, apiKey: string, accountId: string, workspaceId: string): Tenant {
  const apiUrl = `${world.url}/api`
  return {
    ...{ apiUrl, accountId, workspaceId, apiKey },
    base: `${world.url}/account/${accountId}/workspace/${workspaceId}`,
    call: askerOf({ url: `${apiUrl}/accounts/${accountId}/workspaces/${workspaceId}`, apiKey }),
  }
}
