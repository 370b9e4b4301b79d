import type { DeploymentRow } from '../../db/rows/deployment.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { updateDeployment } from './update-deployment.ts'

/** Schedules make no more runs, and those they made that nobody took are deleted. Throws NotFound. */
export const pauseDeployment = (ctx: Context, engine: Engine, id: string): Promise<DeploymentRow> =>
  updateDeployment(ctx, engine, id, { paused: true })

/** Of what was missed only that runs which the schedules' catch-up policies ask for. Throws NotFound. */
export const resumeDeployment = (ctx: Context, engine: Engine, id: string): Promise<DeploymentRow> =>
  updateDeployment(ctx, engine, id, { paused: false })

/** Nothing and nobody runs it any more. Throws NotFound. */
export const disableDeployment = (ctx: Context, engine: Engine, id: string): Promise<DeploymentRow> =>
  updateDeployment(ctx, engine, id, { disabled: true })

/** Throws NotFound. */
export const enableDeployment = (ctx: Context, engine: Engine, id: string): Promise<DeploymentRow> =>
  updateDeployment(ctx, engine, id, { disabled: false })
