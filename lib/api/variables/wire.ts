import { z } from 'zod'
import type { VariableRow } from '../../db/rows/variable.ts'

export const variableAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    value: z.unknown(),
    tags: z.array(z.string()),
  })
  .meta({ id: 'Variable' })

/** JSON text: the value goes through as it was sent. */
export function variableJson(row: VariableRow): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    tags: row.tags,
  })
  return `${fields.slice(0, -1)},"value":${row.value}}`
}
