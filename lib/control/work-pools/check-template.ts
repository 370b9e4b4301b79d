import { BadInput } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { problemOfBaseJobTemplate } from '../../domain/work/base-job-template.ts'
import { requireStorable } from '../storable-json.ts'

/** `template` is the text of a JSON object. Throws BadInput, which says what is wrong with it. */
export function checkTemplate(template: RawJson): void {
  requireStorable(template, 'A base_job_template')
  // Safe: the route checked that it is an object.
  const problem = problemOfBaseJobTemplate(JSON.parse(template) as Record<string, unknown>)
  if (problem !== null) throw new BadInput(problem)
}
