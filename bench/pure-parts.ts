/** What micro.mjs measures, in one bundle. */
export { decide } from '../lib/domain/orchestration/decide.ts'
export { facts, flowRunIn, propose } from '../lib/domain/orchestration/fixtures.ts'
export { coreFlowPolicy } from '../lib/domain/orchestration/policies.ts'
export { rawMember } from '../lib/domain/raw-json.ts'
export { formatInstant, parseInstant } from '../lib/domain/time.ts'
