export { materialiseSchedules } from '../lib/control/schedules/materialise-schedules.ts'
export { connectDatabase } from '../lib/db/clients.ts'
export { migrate } from '../lib/db/migrate.ts'
export { formatInstant } from '../lib/domain/time.ts'
