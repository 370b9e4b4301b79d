export type { Deployment, DeployOptions, OnLost, ServeOptions } from './deploy/options.js'
export {
  type CatchUp,
  cron,
  interval,
  rrule,
  type Schedule,
  type ScheduleOptions,
} from './deploy/schedules.js'
export {
  NoRunContext,
  ParameterError,
  PauseEnded,
  RunCancelled,
  RunSuspended,
  RunTimedOut,
  UpstreamNotCompleted,
} from './sdk/errors.js'
export { type Flow, flow } from './sdk/flow.js'
export type { FlowOptions, RetryDelay, TaskOptions } from './sdk/options.js'
export { type PauseOptions, pauseFlowRun, suspendFlowRun } from './sdk/pause.js'
export { closeReporting } from './sdk/reporting.js'
export { type RunContext, runContext } from './sdk/run-context.js'
export { getRunLogger, logger, type RunLogger } from './sdk/run-logger.js'
export type { StandardSchemaV1 } from './sdk/standard-schema.js'
export { State } from './sdk/state.js'
export { type Awaitable, type Task, task } from './sdk/task.js'
export { TaskFuture } from './sdk/task-future.js'
export { VERSION } from './version.js'
