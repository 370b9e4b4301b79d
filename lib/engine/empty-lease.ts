import { randomBytes } from 'node:crypto'

/**
 * Clients take a slot for each tag of each task, whether a limit of that name exists or not, and renew and end the lease that they
 * get. A lease on nothing is nowhere stored: its id says what it is, so that it can be renewed for ever.
 */
const PREFIX = '00000000-0000-8000-8000-'

export const emptyLeaseId = (): string => PREFIX + randomBytes(6).toString('hex')
export const isEmptyLease = (id: string): boolean => id.startsWith(PREFIX)
