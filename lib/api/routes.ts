import { accountRoutes } from './accounts/routes.ts'
import { workspaceRoutes } from './accounts/workspace-routes.ts'
import { agentRoutes } from './agent/routes.ts'
import { artifactCollectionRoutes } from './artifacts/collection-routes.ts'
import { artifactRoutes } from './artifacts/routes.ts'
import { automationRoutes } from './automations/routes.ts'
import { blockDocumentRoutes } from './blocks/document-routes.ts'
import { blockSchemaRoutes } from './blocks/schema-routes.ts'
import { blockTypeRoutes } from './blocks/type-routes.ts'
import { collectionRoutes } from './collections/routes.ts'
import { concurrencyRoutes } from './concurrency/routes.ts'
import { deploymentRoutes } from './deployments/routes.ts'
import { deploymentRunRoutes } from './deployments/run-routes.ts'
import { scheduleRoutes } from './deployments/schedule-routes.ts'
import { deploymentVersionRoutes } from './deployments/version-routes.ts'
import { eventReadRoutes } from './events/read-routes.ts'
import { eventWriteRoutes } from './events/write-routes.ts'
import { flowRunInputRoutes } from './flow-run-inputs/routes.ts'
import { flowRunChangeRoutes } from './flow-runs/change-routes.ts'
import { flowRunExplainRoutes } from './flow-runs/explain-routes.ts'
import { flowRunGraphRoutes } from './flow-runs/graph-routes.ts'
import { flowRunReadRoutes } from './flow-runs/read-routes.ts'
import { flowRunResumeRoutes } from './flow-runs/resume-routes.ts'
import { flowRunWriteRoutes } from './flow-runs/write-routes.ts'
import { flowRoutes } from './flows/routes.ts'
import { liveRoutes } from './live/routes.ts'
import { logReadRoutes } from './logs/read-routes.ts'
import { logWriteRoutes } from './logs/write-routes.ts'
import { myKeyRoutes } from './me/key-routes.ts'
import { meRoutes } from './me/routes.ts'
import { mySessionRoutes } from './me/session-routes.ts'
import { notificationPolicyRoutes } from './notification-policies/routes.ts'
import { objectAccessRoutes } from './object-access/routes.ts'
import { openApiRoutes } from './openapi/routes.ts'
import { rootRoutes } from './root/routes.ts'
import type { Route } from './route.ts'
import { savedSearchRoutes } from './saved-searches/routes.ts'
import { stateRoutes } from './states/routes.ts'
import { taskRunReadRoutes } from './task-runs/read-routes.ts'
import { taskRunWriteRoutes } from './task-runs/write-routes.ts'
import { taskWorkerRoutes } from './task-workers/routes.ts'
import { uiRoutes } from './ui/routes.ts'
import { userRoutes } from './users/routes.ts'
import { variableRoutes } from './variables/routes.ts'
import { workPoolRoutes } from './work-pools/routes.ts'
import { poolQueueRoutes } from './work-queues/pool-routes.ts'
import { workQueueRoutes } from './work-queues/routes.ts'
import { claimRoutes } from './workers/claim-routes.ts'
import { workerRoutes } from './workers/routes.ts'

/** Everything that is served over HTTP. Of two paths that match one request the first in this list is taken. */
export const routes: readonly Route[] = [
  ...rootRoutes,
  ...flowRoutes,
  ...flowRunWriteRoutes,
  ...flowRunReadRoutes,
  ...flowRunChangeRoutes,
  ...flowRunGraphRoutes,
  ...flowRunExplainRoutes,
  ...flowRunResumeRoutes,
  ...flowRunInputRoutes,
  ...taskRunWriteRoutes,
  ...taskRunReadRoutes,
  ...taskWorkerRoutes,
  ...stateRoutes,
  ...logWriteRoutes,
  ...logReadRoutes,
  ...eventWriteRoutes,
  ...eventReadRoutes,
  ...blockTypeRoutes,
  ...blockSchemaRoutes,
  ...blockDocumentRoutes,
  ...variableRoutes,
  ...artifactRoutes,
  ...artifactCollectionRoutes,
  ...savedSearchRoutes,
  ...concurrencyRoutes,
  ...objectAccessRoutes,
  ...deploymentRunRoutes,
  ...scheduleRoutes,
  ...deploymentVersionRoutes,
  ...deploymentRoutes,
  ...automationRoutes,
  ...notificationPolicyRoutes,
  ...workPoolRoutes,
  ...poolQueueRoutes,
  ...workQueueRoutes,
  ...workerRoutes,
  ...claimRoutes,
  ...collectionRoutes,
  ...uiRoutes,
  ...agentRoutes,
  ...liveRoutes,
  ...meRoutes,
  ...myKeyRoutes,
  ...mySessionRoutes,
  ...userRoutes,
  ...accountRoutes,
  ...workspaceRoutes,
  ...openApiRoutes(() => routes),
]
