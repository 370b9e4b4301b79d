import { listWorkspaces } from '../../connection/open-workspace.js'
import { isWellFormedKey, maskKey } from '../../protocol/keys.js'
import { readEnvironment } from '../../settings/environment.js'
import { type Profile, readProfile, writeProfile } from '../../settings/profile.js'
import { DEFAULT_URL, parseAddress } from '../../settings/target.js'
import { browserLogin } from '../browser-login.js'
import { chooseWorkspace } from '../choose-workspace.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { tell } from '../output.js'

export const command: Command = {
  usage: 'login [-k KEY] [--url URL] [-w ACCOUNT/WORKSPACE]',
  summary: 'Signs in and chooses the workspace that runs on this machine report to.',
  details: 'Without -k the browser is opened. With "-k -" the key is read from standard input.',
  options: {
    key: {
      type: 'string',
      short: 'k',
      placeholder: 'KEY',
      help: 'an API key, made under Settings → API keys',
    },
    url: {
      type: 'string',
      placeholder: 'URL',
      help: 'the control plane; default: the last one, or RIGEL_API_URL',
    },
    workspace: { type: 'string', short: 'w', placeholder: 'HANDLE', help: 'account/workspace' },
  },
  words: [0, 0],
  run: async (call) => {
    const environment = readEnvironment()
    const profile = readOldProfile(environment.home)
    const address = parseAddress(call.text('url') ?? environment.apiUrl ?? profile?.url ?? DEFAULT_URL)
    const { url } = address
    const given = call.text('key')
    const apiKey =
      given === '-' ? await readKeyFromStdin() : (given ?? (await browserLogin(url, environment.browser)))
    refuseMistyped(apiKey)
    const workspaces = await listWorkspaces(url, apiKey)
    const preferred = profile?.url === url ? profile.workspace.workspaceId : undefined
    const workspace = await chooseWorkspace(
      workspaces,
      call.text('workspace') ?? address.workspaceId,
      preferred,
      (handle) => `rigel login -k KEY --url ${url} -w ${handle}`,
    )
    writeProfile(environment.home, { url, apiKey, workspace })
    tell(`Signed in to ${workspace.handle} at ${url} with key ${maskKey(apiKey)}`)
    if (environment.apiKey !== undefined && environment.apiKey !== apiKey) {
      tell('Note: RIGEL_API_KEY is set to another key and wins over this one')
    }
    tell('Next: rigel run FILE')
  },
}

/** A broken profile must not keep anybody from writing a whole one. */
function readOldProfile(home: string): Profile | null {
  try {
    return readProfile(home)
  } catch {
    return null
  }
}

function refuseMistyped(apiKey: string): void {
  if (apiKey === '') throw new CliError('the key is empty', 'rigel login -k KEY')
  if (/^rg[us]_/.test(apiKey) && !isWellFormedKey(apiKey)) {
    throw new CliError(
      'this key is mistyped or cut off: its checksum does not fit. Copy it again',
      'rigel login -k KEY',
    )
  }
}

async function readKeyFromStdin(): Promise<string> {
  let text = ''
  for await (const part of process.stdin) text += String(part)
  return text.trim()
}
