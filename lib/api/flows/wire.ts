import { z } from 'zod'
import type { FlowRow } from '../../db/rows/flow.ts'
import { creator } from '../schemas.ts'

export const flowAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    tags: z.array(z.string()),
    labels: z.record(z.string(), z.unknown()),
    created_by: creator.nullable(),
    updated_by: creator.nullable(),
  })
  .meta({ id: 'Flow' })

export const wireFlow = (row: FlowRow) => ({
  id: row.id,
  created: row.createdAt,
  updated: row.updatedAt,
  name: row.name,
  tags: row.tags,
  labels: row.labels,
  created_by: row.createdBy,
  updated_by: row.updatedBy,
})
