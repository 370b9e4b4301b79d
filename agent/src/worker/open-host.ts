import { fileURLToPath } from 'node:url'
import { openWorkspace, requireSignedIn } from '../connection/open-workspace.js'
import { openReporter, type Reporter } from '../connection/reporter.js'
import type { WorkspaceApi } from '../connection/workspace-api.js'
import { type Environment, inheritedVariables } from '../settings/environment.js'

/** What every process that executes runs for a workspace needs. */
export interface OpenHost {
  readonly api: WorkspaceApi
  readonly reporter: Reporter
  readonly environment: Environment
  readonly inherited: NodeJS.ProcessEnv
  readonly cliPath: string
}

/** Throws NoWorkspace when nobody is signed in, and Error when nothing can be recorded. */
export async function openHost(): Promise<OpenHost> {
  const signedIn = requireSignedIn()
  const api = await openWorkspace(signedIn)
  // The whole address, as the children get it: what they leave behind is found under the same name.
  const environment = { ...signedIn.environment, apiUrl: api.apiUrl, apiKey: api.apiKey }
  const reporter = openReporter(environment)
  if (!reporter) throw new Error('what the runs do could not be recorded')
  const cliPath = new URL('./cli.js', import.meta.url.replace(/(chunks\/)?[^/]*$/, ''))
  return { api, reporter, environment, inherited: inheritedVariables(), cliPath: fileURLToPath(cliPath) }
}
