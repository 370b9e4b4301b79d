import { expect, test } from 'vitest'
import { problemOfBaseJobTemplate } from '../base-job-template.ts'
import { workerCatalogue } from './worker-catalogue.ts'

const types = Object.values(workerCatalogue).flatMap((group) => Object.values(group))

test('knows every published type', () => {
  expect(types.map((type) => type.type).sort()).toEqual(
    [
      'azure-container-instance',
      'azure-container-instance:push',
      'cloud-run',
      'cloud-run-v2',
      'cloud-run-v2:push',
      'cloud-run:push',
      'coiled:push',
      'docker',
      'ecs',
      'ecs:push',
      'kubernetes',
      'modal:push',
      'prefect-agent',
      'prefect:managed',
      'process',
      'vertex-ai',
    ].sort(),
  )
})

test.each(types.map((type) => [type.type, type] as const))(
  '%s has a template that a pool can begin with',
  (_, type) => {
    const template = type.default_base_job_configuration as {
      job_configuration?: unknown
      variables?: { properties: object; required?: string[] }
    }
    expect(problemOfBaseJobTemplate(template)).toBeNull()
    expect(type.description.length).toBeGreaterThan(40)
    const properties = Object.keys(template.variables?.properties ?? {})
    expect(properties).toEqual(expect.arrayContaining(template.variables?.required ?? []))
    // Every variable that is declared is used, and said in a sentence what for.
    for (const name of properties)
      expect(JSON.stringify(template.job_configuration)).toContain(`{{ ${name} }}`)
    for (const variable of Object.values(template.variables?.properties ?? {})) {
      expect((variable as { description: string }).description).toMatch(/\.$/)
    }
  },
)
