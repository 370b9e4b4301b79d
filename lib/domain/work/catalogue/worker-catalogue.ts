import { ecsPushType, ecsType } from './amazon.ts'
import { cloudRunPushType, cloudRunType, cloudRunV2PushType, cloudRunV2Type, vertexType } from './google.ts'
import { kubernetesType } from './kubernetes.ts'
import { agentType, dockerType, processType } from './local.ts'
import { aciPushType, aciType } from './microsoft.ts'
import { coiledPushType, managedType, modalPushType } from './serverless.ts'
import type { WorkerType } from './variables.ts'

/** Worker types by the package that brings them: what a pool can be, and the template that a new one begins with. */
const typesOfPackages = {
  prefect: [processType, agentType, managedType],
  'prefect-docker': [dockerType],
  'prefect-kubernetes': [kubernetesType],
  'prefect-aws': [ecsType, ecsPushType],
  'prefect-azure': [aciType, aciPushType],
  'prefect-gcp': [cloudRunType, cloudRunPushType, cloudRunV2Type, cloudRunV2PushType, vertexType],
  modal: [modalPushType],
  'prefect-coiled': [coiledPushType],
} as const satisfies Record<string, readonly WorkerType[]>

/** `{package: {type: …}}`, as the wire has it. */
export const workerCatalogue: Readonly<Record<string, Readonly<Record<string, WorkerType>>>> =
  Object.fromEntries(
    Object.entries(typesOfPackages).map(([name, types]) => [
      name,
      Object.fromEntries(types.map((type) => [type.type, type])),
    ]),
  )
