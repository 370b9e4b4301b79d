/** A workspace in the switcher. */
export interface Place {
  readonly base: string
  readonly accountHandle: string
  readonly workspaceHandle: string
  readonly current: boolean
}
