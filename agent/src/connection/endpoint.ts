import { keyInWords } from './refused-key.js'

/** Where one workspace listens, and the key that opens it. */
export interface Endpoint {
  /** `{host}/api/accounts/{a}/workspaces/{w}`. */
  readonly apiUrl: string
  readonly apiKey: string
}

/** Reporting ends for good: the sentence tells the user what stood in the way and what to do next. */
export class ReportingStopped extends Error {
  override readonly name = 'ReportingStopped'
}

export function notAllowed(status: number, apiKey: string): ReportingStopped {
  const { name, replace } = keyInWords(apiKey)
  return new ReportingStopped(
    status === 401
      ? `${name} was refused (401): it may be revoked or expired. Use another: ${replace}`
      : `${name} may not report runs to this workspace (403). Choose another workspace (rigel workspace set) or another key (${replace})`,
  )
}

export const noSuchWorkspace = (apiUrl: string): ReportingStopped =>
  new ReportingStopped(
    `there is no workspace for this key at ${apiUrl} (404). See which there are: rigel workspace ls`,
  )
