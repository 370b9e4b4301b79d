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

export const notAllowed = (status: number): ReportingStopped =>
  new ReportingStopped(
    status === 401
      ? 'the API key was refused (401): it may be revoked or expired. Sign in with another: rigel login -k KEY'
      : 'the API key may not report runs to this workspace (403). Choose another workspace (rigel workspace set) or another key (rigel login -k KEY)',
  )

export const noSuchWorkspace = (apiUrl: string): ReportingStopped =>
  new ReportingStopped(
    `there is no workspace for this key at ${apiUrl} (404). See which there are: rigel workspace ls`,
  )
