import { formatInstant } from '../domain/time.ts'
import type { Service } from './service.ts'

const WEEK_MICROS = 7 * 24 * 3_600 * 1_000_000

/** Makes the history's partitions of this week and the next two, so that tomorrow's rows never wait for one. */
export const preparePartitions: Service = {
  name: 'prepare-partitions',
  everySeconds: 3_600,
  runOnce: async ({ db, nowMicros }) => {
    const now = nowMicros()
    for (const weeks of [0, 1, 2]) {
      await db.engine`select ensure_history_partitions(${formatInstant(now + weeks * WEEK_MICROS)})`
    }
    return { counts: { weeks: 3 } }
  },
}
