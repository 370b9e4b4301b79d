/** What bench/claims.mjs and bench/slots.mjs take from lib/. */
export { connectDatabase } from '../lib/db/clients.ts'
export { migrate } from '../lib/db/migrate.ts'
export { createEngine } from '../lib/engine/create-engine.ts'
export { bundleProgram } from '../lib/testing/bundle.ts'
export { anyClient, makeDueRuns, makeFlow, makeLimit, makePool } from '../lib/testing/work.ts'
