import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { AgentRecord } from '../../protocol/frames.js'
import { presentInstant } from '../../record/instant.js'
import { uuid7 } from '../../record/uuid.js'
import { OpenRuns, type OpenRunsSnapshot } from './open-runs.js'
import { newOwner, type Owner, release, showLife, writeOwner } from './owner.js'
import { type Line, SEGMENT_PATTERN, Segment } from './segment.js'

export interface OutboxLimits {
  /** A segment is closed and a new one begun at about this size. Default 1 MiB. */
  readonly segmentBytes: number
  /** Beyond this, debug and info log lines are dropped and counted; states never are. Default 256 MiB. */
  readonly capBytes: number
}

const DEFAULT_LIMITS: OutboxLimits = { segmentBytes: 1024 * 1024, capBytes: 256 * 1024 * 1024 }
const WARNING = 30
const ACKED_DIGITS = 16
const SIGN_OF_LIFE_MS = 60_000

/**
 * Records that wait for the server, in order, on disk, in a directory of their own:
 *
 *     target            the control plane they are for
 *     owner.*           who holds it (see owner.ts)
 *     000000000001.ndjson …   numbered records, one a line; the name is the first number
 *     acked             the highest acknowledged number
 *     open.json         runs that had not ended when segments were last deleted
 *
 * `append` puts a record in memory; one write per turn of the event loop takes them to the file, at once for
 * flow runs and their states. What was written survives the death of the process (not of the machine: nothing
 * is fsynced).
 */
export class Outbox {
  private readonly segments: Segment[] = []
  private readonly openRuns = new OpenRuns()
  private readonly dropped = new Map<string, number>()
  private readonly signOfLife: NodeJS.Timeout
  private ackedFd: number | null = null
  private flushTimer: NodeJS.Immediate | null = null
  private cached: { segment: Segment; lines: readonly Line[] } | null = null
  private closed = false
  lastSeq = 0
  ackedSeq = 0
  /** Called after new records were written; the connection sends them. */
  onFlushed: () => void = () => {}
  /** Called once when the disk refuses; records are then kept in memory. */
  onDiskTrouble: (error: Error) => void = () => {}

  private constructor(
    readonly id: string,
    private readonly directory: string,
    private readonly owner: Owner,
    private readonly limits: OutboxLimits,
  ) {
    this.signOfLife = setInterval(() => showLife(directory, owner), SIGN_OF_LIFE_MS).unref()
  }

  /** A new, empty outbox under `root` for the control plane named by `target`. Throws when the disk refuses. */
  static create(root: string, target: string, limits: Partial<OutboxLimits> = {}): Outbox {
    const id = uuid7()
    const owner = newOwner()
    mkdirSync(root, { recursive: true, mode: 0o700 })
    // Named only when whole, so that nobody finds an outbox without an owner.
    const unnamed = join(root, `.${id}`)
    mkdirSync(unnamed, { mode: 0o700 })
    writeFileSync(join(unnamed, 'target'), target, { mode: 0o600 })
    writeOwner(unnamed, owner)
    renameSync(unnamed, join(root, id))
    return new Outbox(id, join(root, id), owner, { ...DEFAULT_LIMITS, ...limits })
  }

  /** The outbox of a dead process, after `claim` succeeded. */
  static reopen(root: string, id: string, owner: Owner, limits: Partial<OutboxLimits> = {}): Outbox {
    const outbox = new Outbox(id, join(root, id), owner, { ...DEFAULT_LIMITS, ...limits })
    outbox.load()
    return outbox
  }

  private load(): void {
    this.ackedSeq = readAcked(this.directory)
    const snapshot = readOpenRuns(this.directory)
    if (snapshot) this.openRuns.restore(snapshot)
    const names = readdirSync(this.directory).filter((name) => SEGMENT_PATTERN.test(name))
    for (const name of names.sort()) {
      const { segment, lines } = Segment.reopen(this.directory, Number.parseInt(name, 10))
      for (const line of lines) this.openRuns.fold((JSON.parse(line.text) as { record: AgentRecord }).record)
      this.segments.push(segment)
      this.lastSeq = Math.max(this.lastSeq, segment.lastSeq)
    }
    // Numbers that were acknowledged must not be given out again, even when their segment is gone.
    this.lastSeq = Math.max(this.lastSeq, this.ackedSeq)
    this.deleteAcknowledged()
  }

  /** The number that the record got, or null when it was a log line for which there was no room. */
  append(record: AgentRecord): number | null {
    if (record.kind === 'log' && this.isFull() && record.level < WARNING) {
      this.dropped.set(record.flowRunId, (this.dropped.get(record.flowRunId) ?? 0) + 1)
      return null
    }
    if (this.dropped.size > 0 && !this.isFull()) this.tellOfDropped()
    return this.push(record)
  }

  private push(record: AgentRecord): number {
    this.openRuns.fold(record)
    const seq = ++this.lastSeq
    this.currentSegment().push({ seq, text: `{"seq":${seq},"record":${JSON.stringify(record)}}` })
    if (record.kind === 'flow-run' || record.kind === 'flow-run-state') this.flush()
    else if (!this.flushTimer) this.flushTimer = setImmediate(() => this.flush())
    return seq
  }

  private isFull(): boolean {
    return this.bytes >= this.limits.capBytes
  }

  private tellOfDropped(): void {
    const counts = [...this.dropped]
    this.dropped.clear()
    for (const [flowRunId, count] of counts) {
      this.push({
        kind: 'log',
        id: uuid7(),
        flowRunId,
        logger: 'rigel.agent',
        level: WARNING,
        message: `${count} log lines of level info and below were dropped: the outbox on disk was full while the control plane could not be reached`,
        at: presentInstant(),
      })
    }
  }

  private currentSegment(): Segment {
    const last = this.segments.at(-1)
    if (last && !last.sealed && last.bytes < this.limits.segmentBytes) return last
    last?.seal()
    const segment = new Segment(this.directory, this.lastSeq)
    this.segments.push(segment)
    return segment
  }

  /** Takes what is in memory to the file now. */
  flush(): void {
    if (this.flushTimer) clearImmediate(this.flushTimer)
    this.flushTimer = null
    const segment = this.segments.at(-1)
    if (!segment || this.closed) return
    const hadTrouble = segment.diskTrouble !== null
    segment.flush()
    if (segment.diskTrouble && !hadTrouble) this.onDiskTrouble(segment.diskTrouble)
    this.onFlushed()
  }

  /** The lines that follow number `after`, in order: at most `maxRecords`, and at most `maxBytes` (but one at least). */
  read(after: number, maxRecords: number, maxBytes: number): readonly Line[] {
    const out: Line[] = []
    let bytes = 0
    for (const segment of this.segments) {
      if (segment.lastSeq <= after) continue
      for (const line of this.linesAfter(segment, after)) {
        bytes += Buffer.byteLength(line.text) + 1
        if (out.length >= maxRecords || (bytes > maxBytes && out.length > 0)) return out
        out.push(line)
      }
    }
    return out
  }

  private linesAfter(segment: Segment, after: number): readonly Line[] {
    // One segment from disk is kept: replaying reads the same one many times over.
    if (segment.inMemory) return sliceAfter(segment.readLines(), after)
    if (this.cached?.segment !== segment) this.cached = { segment, lines: segment.readLines() }
    return sliceAfter(this.cached.lines, after)
  }

  /** Everything up to `seq` is committed over there and need not be kept. */
  ack(seq: number): void {
    const upTo = Math.min(seq, this.lastSeq)
    if (upTo <= this.ackedSeq) return
    this.ackedSeq = upTo
    this.writeAcked()
    const last = this.segments.at(-1)
    // Files of a long-lived process would otherwise stay until the next full segment.
    if (last && last.lastSeq <= upTo && last.bytes > this.limits.segmentBytes / 4) last.seal()
    this.deleteAcknowledged()
  }

  private deleteAcknowledged(): void {
    if (!this.segments.some((segment) => segment.sealed && segment.lastSeq <= this.ackedSeq)) return
    this.writeOpenRuns()
    while (this.segments[0]?.sealed && this.segments[0].lastSeq <= this.ackedSeq) {
      const segment = this.segments.shift()
      if (this.cached?.segment === segment) this.cached = null
      segment?.delete()
    }
  }

  /** Before the records are deleted that it is drawn from. */
  private writeOpenRuns(): void {
    const path = join(this.directory, 'open.json')
    try {
      writeFileSync(`${path}.tmp`, JSON.stringify(this.openRuns.snapshot()), { mode: 0o600 })
      renameSync(`${path}.tmp`, path)
    } catch {
      // At worst a run of a process that dies later stays open; nothing recorded is lost.
    }
  }

  private writeAcked(): void {
    try {
      this.ackedFd ??= openSync(join(this.directory, 'acked'), 'w', 0o600)
      writeSync(this.ackedFd, String(this.ackedSeq).padStart(ACKED_DIGITS, '0'), 0)
    } catch {
      // Only saves work: what is sent twice counts once.
    }
  }

  /** The runs that have begun and not ended. */
  get open(): OpenRunsSnapshot {
    return this.openRuns.snapshot()
  }

  get pendingCount(): number {
    return this.lastSeq - this.ackedSeq
  }

  get bytes(): number {
    let sum = 0
    for (const segment of this.segments) sum += segment.bytes
    return sum
  }

  /** An empty outbox goes away; another waits for the next process. May be called twice. */
  close(): void {
    if (this.closed) return
    if (this.dropped.size > 0) this.tellOfDropped()
    this.flush()
    this.closed = true
    clearInterval(this.signOfLife)
    this.segments.at(-1)?.seal()
    if (this.ackedFd !== null) closeSync(this.ackedFd)
    if (this.pendingCount === 0 && this.openRuns.isEmpty) {
      rmSync(this.directory, { recursive: true, force: true })
    } else this.releaseOwner()
  }

  private releaseOwner(): void {
    try {
      release(this.directory, this.owner)
    } catch {
      // Somebody removed the directory under us; our death releases it as well.
    }
  }
}

function sliceAfter(lines: readonly Line[], after: number): readonly Line[] {
  let low = 0
  let high = lines.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle]?.seq ?? 0) <= after) low = middle + 1
    else high = middle
  }
  return low === 0 ? lines : lines.slice(low)
}

function readAcked(directory: string): number {
  try {
    const text = readFileSync(join(directory, 'acked'), 'utf8')
    return /^\d{16}$/.test(text) ? Number(text) : 0
  } catch {
    return 0
  }
}

function readOpenRuns(directory: string): OpenRunsSnapshot | null {
  try {
    const { flowRunIds, taskRuns } = JSON.parse(
      readFileSync(join(directory, 'open.json'), 'utf8'),
    ) as Partial<OpenRunsSnapshot>
    return { flowRunIds: flowRunIds ?? [], taskRuns: taskRuns ?? [] }
  } catch {
    return null
  }
}
