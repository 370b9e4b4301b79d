/** The order in which batches lock and insert: by key, so that two of them never wait for each other in a circle. */

export interface RunKey {
  readonly workspaceId: string
  readonly runId: string
}

/** Compared without joining: sorting runs on every write. */
export const compareKeys = (workspaceA: string, idA: string, workspaceB: string, idB: string): number =>
  workspaceA === workspaceB ? (idA < idB ? -1 : idA > idB ? 1 : 0) : workspaceA < workspaceB ? -1 : 1

interface KeyColumns {
  readonly workspace_id: string
  readonly id: string
}

export const byKey = <Row extends KeyColumns>(rows: readonly Row[]): Row[] =>
  [...rows].sort((a, b) => compareKeys(a.workspace_id, a.id, b.workspace_id, b.id))

/** The same of rows in parts, of which one is the run. */
export const byKeyOfRun = <Row extends { readonly run: KeyColumns }>(rows: readonly Row[]): Row[] =>
  [...rows].sort((a, b) => compareKeys(a.run.workspace_id, a.run.id, b.run.workspace_id, b.run.id))

/** The same of what names a run. */
export const byRun = <Key extends RunKey>(keys: readonly Key[]): Key[] =>
  [...keys].sort((a, b) => compareKeys(a.workspaceId, a.runId, b.workspaceId, b.runId))
