import { z } from 'zod'
import {
  anyId,
  anyText,
  keyFilter,
  nameFilter,
  operator,
  ownTagsFilter,
  spanFilter,
  tagsFilter,
  textFilter,
} from './operators.ts'

export const variableFilter = z
  .object({ operator, id: anyId, name: nameFilter, tags: ownTagsFilter })
  .meta({ id: 'VariableFilter' })

export const automationFilter = z
  .object({ operator, name: anyText, created: spanFilter, tags: tagsFilter })
  .meta({ id: 'AutomationFilter' })

const artifactTraits = {
  key: keyFilter,
  flow_run_id: anyId,
  task_run_id: anyId,
  type: textFilter,
}

export const artifactFilter = z
  .object({ operator, id: anyId, ...artifactTraits })
  .meta({ id: 'ArtifactFilter' })

export const artifactCollectionFilter = z
  .object({ operator, latest_id: anyId, ...artifactTraits })
  .meta({ id: 'ArtifactCollectionFilter' })
