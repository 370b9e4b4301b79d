import type { Entered } from '#app/_server/enter.ts'
import { whyNot } from '#app/_server/why-not.ts'
import type { MayAct } from '../_list/bulk-bar.tsx'

/** What the reader's role allows with runs, and why not where it does not. */
export const mayAct = (entered: Pick<Entered, 'ctx' | 'place'>): MayAct => ({
  run: entered.ctx.access.scopes.has('run_flows'),
  manage: entered.ctx.access.scopes.has('manage_flows'),
  why: whyNot(entered, 'run_flows') ?? whyNot(entered, 'manage_flows'),
})
