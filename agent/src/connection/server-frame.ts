import { type ServerFrame, STATE_TYPES, type StateType } from '../protocol/frames.js'

type Fields = Readonly<Record<string, unknown>>
const VERDICTS = ['REJECT', 'WAIT', 'ABORT'] as const

/** What the server said, or null when it is nothing that this version understands (read tolerantly). */
export function parseServerFrame(text: string): ServerFrame | null {
  try {
    return readServerFrame(JSON.parse(text))
  } catch {
    return null
  }
}

export function readServerFrame(value: unknown): ServerFrame | null {
  if (typeof value !== 'object' || value === null) return null
  const frame = value as Fields
  switch (frame.type) {
    case 'welcome':
      return isText(frame.workspaceId) && isText(frame.accountId)
        ? { type: 'welcome', workspaceId: frame.workspaceId, accountId: frame.accountId }
        : null
    case 'ack':
      return isSeq(frame.seq) ? { type: 'ack', seq: frame.seq } : null
    case 'refused':
      return isSeq(frame.seq) ? { type: 'refused', seq: frame.seq, reason: String(frame.reason ?? '') } : null
    case 'verdict':
      return readVerdict(frame)
    case 'cancel':
      return isText(frame.flowRunId) ? { type: 'cancel', flowRunId: frame.flowRunId } : null
    case 'pong':
      return isSeq(frame.n) ? { type: 'pong', n: frame.n } : null
    default:
      return null
  }
}

function readVerdict(frame: Fields): ServerFrame | null {
  const verdict = VERDICTS.find((each) => each === frame.verdict)
  if (!verdict || !isSeq(frame.seq) || !isText(frame.flowRunId)) return null
  const reason = String(frame.reason ?? '')
  return {
    type: 'verdict',
    seq: frame.seq,
    flowRunId: frame.flowRunId,
    verdict,
    reason,
    state: readState(frame.state),
  }
}

function readState(value: unknown): { type: StateType; name: string } | null {
  if (typeof value !== 'object' || value === null) return null
  const { type, name } = value as Fields
  const known = STATE_TYPES.find((each) => each === type)
  return known ? { type: known, name: isText(name) ? name : known } : null
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0
const isSeq = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
