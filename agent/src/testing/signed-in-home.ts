import { join } from 'node:path'
import { writeProfile } from '../settings/profile.js'
import type { ControlPlane } from './control-plane.js'
import { tempDir } from './temp-dir.js'

/** A home directory that is signed in to the control plane, without asking it. */
export function signedInHome(plane: ControlPlane): string {
  const home = join(tempDir(), 'home')
  const { accountId, workspaceId, url, apiKey } = plane
  writeProfile(home, { url, apiKey, workspace: { accountId, workspaceId, handle: 'ada/lab' } })
  return home
}
