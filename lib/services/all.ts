import { foldRunCounts } from './fold-run-counts.ts'
import { preparePartitions } from './prepare-partitions.ts'
import type { Service } from './service.ts'

/** Every background loop. */
export const services: readonly Service[] = [foldRunCounts, preparePartitions]
