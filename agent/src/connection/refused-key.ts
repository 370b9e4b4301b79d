import { readEnvironment } from '../settings/environment.js'

export interface KeyInWords {
  readonly name: string
  /** What puts another in its place. */
  readonly replace: string
}

/** A key as a sentence names it. Signing in would not help against one that the environment holds, which wins. */
export function keyInWords(apiKey: string, url?: string): KeyInWords {
  return readEnvironment().apiKey === apiKey
    ? { name: 'the API key in RIGEL_API_KEY', replace: 'export RIGEL_API_KEY=KEY' }
    : { name: 'the API key', replace: `rigel login -k KEY${url === undefined ? '' : ` --url ${url}`}` }
}
