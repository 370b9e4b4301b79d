import type { Context } from '#lib/control/context.ts'
import type { MayAct } from '../_list/bulk-bar.tsx'

/** What the reader's role allows with runs: verbs that it does not allow are not offered. */
export const mayAct = ({ access }: Context): MayAct => ({
  run: access.scopes.has('run_flows'),
  manage: access.scopes.has('manage_flows'),
})
