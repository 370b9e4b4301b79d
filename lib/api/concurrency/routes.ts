import { limitRoutes } from './limit-routes.ts'
import { slotRoutes } from './slot-routes.ts'
import { tagLimitRoutes } from './tag-routes.ts'

/** Slots first: their paths look like names of limits. */
export const concurrencyRoutes = [...slotRoutes, ...limitRoutes, ...tagLimitRoutes]
