import {
  anyId,
  anyText,
  filterOf,
  keyFilter,
  nameFilter,
  operator,
  ownTagsFilter,
  spanFilter,
  tagsFilter,
  textFilter,
} from './operators.ts'

export const variableFilter = filterOf({
  operator,
  id: anyId,
  name: nameFilter,
  value: nameFilter,
  tags: ownTagsFilter,
}).meta({ id: 'VariableFilter' })

export const automationFilter = filterOf({
  operator,
  id: anyId,
  name: anyText,
  created: spanFilter,
  tags: tagsFilter,
}).meta({ id: 'AutomationFilter' })

const artifactTraits = {
  key: keyFilter,
  flow_run_id: anyId,
  task_run_id: anyId,
  type: textFilter,
}

export const artifactFilter = filterOf({ operator, id: anyId, ...artifactTraits }).meta({
  id: 'ArtifactFilter',
})

export const artifactCollectionFilter = filterOf({ operator, latest_id: anyId, ...artifactTraits }).meta({
  id: 'ArtifactCollectionFilter',
})
