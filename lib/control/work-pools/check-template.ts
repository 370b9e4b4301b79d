import { BadInput } from '../../domain/problem.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { problemOfBaseJobTemplate } from '../../domain/work/base-job-template.ts'
import { requireUsableSchema } from '../parameters/check-parameters.ts'
import { requireStorable } from '../storable-json.ts'

/**
 * `template` is the text of a JSON object. Throws BadInput, which says what is wrong with it: also with the schema of its
 * variables, against which deployments would be held later on and in vain.
 */
export function checkTemplate(template: RawJson): void {
  requireStorable(template, 'A base_job_template')
  // Safe: the route checked that it is an object.
  const problem = problemOfBaseJobTemplate(JSON.parse(template) as Record<string, unknown>)
  if (problem !== null) throw new BadInput(problem)
  const variables = rawMember(template, 'variables')
  if (variables) requireUsableSchema(variables, 'variables of the base_job_template')
}
