import { existsSync } from 'node:fs'
import { readEnvironment } from '../../settings/environment.js'
import { profilePath, removeProfile } from '../../settings/profile.js'
import type { Command } from '../command.js'
import { tell } from '../output.js'

export const command: Command = {
  usage: 'logout',
  summary: 'Forgets the key on this machine. The key itself stays valid; revoke it in the console.',
  options: {},
  words: [0, 0],
  run: async () => {
    const { home, apiKey } = readEnvironment()
    const wasSignedIn = existsSync(profilePath(home))
    removeProfile(home)
    tell(
      wasSignedIn
        ? `Signed out: ${profilePath(home)} is gone. To sign in again: rigel login -k KEY`
        : 'Nobody was signed in on this machine',
    )
    if (apiKey !== undefined) tell('Note: RIGEL_API_KEY is still set, and still signs you in')
  },
}
