import { blockDocumentRoutes } from './blocks/document-routes.ts'
import { blockSchemaRoutes } from './blocks/schema-routes.ts'
import { blockTypeRoutes } from './blocks/type-routes.ts'
import { concurrencyRoutes } from './concurrency/routes.ts'
import { eventReadRoutes } from './events/read-routes.ts'
import { eventWriteRoutes } from './events/write-routes.ts'
import { flowRunChangeRoutes } from './flow-runs/change-routes.ts'
import { flowRunGraphRoutes } from './flow-runs/graph-routes.ts'
import { flowRunReadRoutes } from './flow-runs/read-routes.ts'
import { flowRunWriteRoutes } from './flow-runs/write-routes.ts'
import { flowRoutes } from './flows/routes.ts'
import { logReadRoutes } from './logs/read-routes.ts'
import { logWriteRoutes } from './logs/write-routes.ts'
import { rootRoutes } from './root/routes.ts'
import type { Route } from './route.ts'
import { stateRoutes } from './states/routes.ts'
import { taskRunReadRoutes } from './task-runs/read-routes.ts'
import { taskRunWriteRoutes } from './task-runs/write-routes.ts'

/** Everything that is served over HTTP. Of two paths that match one request the first in this list is taken. */
export const routes: readonly Route[] = [
  ...rootRoutes,
  ...flowRoutes,
  ...flowRunWriteRoutes,
  ...flowRunReadRoutes,
  ...flowRunChangeRoutes,
  ...flowRunGraphRoutes,
  ...taskRunWriteRoutes,
  ...taskRunReadRoutes,
  ...stateRoutes,
  ...logWriteRoutes,
  ...logReadRoutes,
  ...eventWriteRoutes,
  ...eventReadRoutes,
  ...blockTypeRoutes,
  ...blockSchemaRoutes,
  ...blockDocumentRoutes,
  ...concurrencyRoutes,
]
