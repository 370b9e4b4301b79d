import type { ClientView } from './decide.ts'

/** What a client can do, read from its headers: the only place where its age shows. */

const apiAtLeast = ({ apiVersion }: ClientView, minor: number, patch: number): boolean => {
  // Not sent: our own agent, a browser, curl. They get the present behaviour.
  if (apiVersion === null) return true
  const [major, its, fix] = apiVersion
  return major > 0 || its > minor || (its === minor && fix >= patch)
}

/** Older clients know neither pauses nor how a run retries: `resuming`, `pause_keys` and `retry_type` stay untouched. */
export const knowsPauses = (client: ClientView): boolean => apiAtLeast(client, 8, 4)

/** Older clients leave it to the server to reset failed task runs when their flow run retries. */
export const resetsItsFailedTasks = (client: ClientView): boolean => apiAtLeast(client, 8, 3)

/** `3.0.0rc20` → [3, 0, 0, 20]. A final release comes after all of its candidates, a development build before them. */
const parseVersion = (text: string): readonly number[] | null => {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:\.?(a|b|rc|dev)(\d+))?/.exec(text)
  if (match === null) return null
  const [, major, minor, patch, stage, number] = match
  const candidate = stage === undefined ? Number.POSITIVE_INFINITY : stage === 'rc' ? Number(number) : -1
  return [Number(major), Number(minor), Number(patch), candidate]
}

const compareVersions = (a: readonly number[], b: readonly number[]): number => {
  for (let i = 0; i < b.length; i++) {
    const left = a[i] ?? 0
    const right = b[i] ?? 0
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

const final = Number.POSITIVE_INFINITY

const isBetween = (client: ClientView, first: readonly number[], last: readonly number[]): boolean => {
  const version = client.clientVersion === null ? null : parseVersion(client.clientVersion)
  return version !== null && compareVersions(version, first) >= 0 && compareVersions(version, last) <= 0
}

/** Renews the lease of its deployment's slot while it runs. Unknown clients do not. */
export const renewsDeploymentLease = (client: ClientView): boolean =>
  isBetween(client, [3, 4, 11, final], [final, final, final, final])

/** Workers from 3.0.0rc20 to 3.0.3 take the deployment's slots themselves. */
export const takesDeploymentSlotsItself = (client: ClientView): boolean =>
  isBetween(client, [3, 0, 0, 20], [3, 0, 3, final])

/** Older clients cannot read a pool whose storage configuration names a block for results. */
export const knowsResultStorageOfPools = (client: ClientView): boolean =>
  !isBetween(client, [0, 0, 0, -1], [3, 3, 7, final])
