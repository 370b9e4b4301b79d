import { closeSync, ftruncateSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { NumberedRecord } from '../../protocol/frames.js'

/** One record as it stands in the file and, unchanged, in a frame. */
export interface Line {
  readonly seq: number
  readonly text: string
}

export const segmentName = (firstSeq: number): string => `${String(firstSeq).padStart(12, '0')}.ndjson`
export const SEGMENT_PATTERN = /^\d{12}\.ndjson$/

/** Part of an outbox: an append-only file of numbered lines that is deleted whole when all are acknowledged. */
export class Segment {
  /** Bytes of whole lines, whether in the file or still in memory. */
  bytes = 0
  lastSeq: number
  private lines: Line[] | null = []
  private unwritten: string[] = []
  private fd: number | null = null
  private fileBytes = 0
  sealed = false
  /** Set when the disk refused: the segment then lives in memory alone. */
  diskTrouble: Error | null = null

  constructor(
    private readonly directory: string,
    readonly firstSeq: number,
  ) {
    this.lastSeq = firstSeq - 1
  }

  private get path(): string {
    return join(this.directory, segmentName(this.firstSeq))
  }

  push(line: Line): void {
    this.lines?.push(line)
    this.unwritten.push(line.text)
    this.bytes += Buffer.byteLength(line.text) + 1
    this.lastSeq = line.seq
  }

  /** Writes what was pushed since the last time, in one write. What a write accepted survives kill -9. */
  flush(): void {
    if (this.unwritten.length === 0 || this.diskTrouble) return
    const data = Buffer.from(`${this.unwritten.join('\n')}\n`)
    try {
      this.fd ??= openSync(this.path, 'a', 0o600)
      let written = 0
      while (written < data.length) written += writeSync(this.fd, data, written)
      this.fileBytes += data.length
    } catch (error) {
      this.diskTrouble = error as Error
      this.cutBack()
    }
    this.unwritten = []
  }

  /** Half a line in the middle of the file would spoil the next one. */
  private cutBack(): void {
    try {
      if (this.fd !== null) ftruncateSync(this.fd, this.fileBytes)
    } catch {
      // The reader passes over a broken line anyway.
    }
  }

  /** No more is coming: the file is closed, and the lines leave memory unless the disk has refused them. */
  seal(): void {
    if (this.sealed) return
    this.flush()
    this.sealed = true
    if (this.fd !== null) closeSync(this.fd)
    this.fd = null
    if (!this.diskTrouble) this.lines = null
  }

  get inMemory(): boolean {
    return this.lines !== null
  }

  /** Its lines in order, from memory or from the file. */
  readLines(): readonly Line[] {
    return this.lines ?? parseLines(readFileSync(this.path, 'utf8')).lines
  }

  delete(): void {
    if (this.fd !== null) closeSync(this.fd)
    this.fd = null
    try {
      unlinkSync(this.path)
    } catch {
      // Was never written, or is gone already.
    }
  }

  /** A segment that another process left behind. The torn end of a write that a crash cut short is dropped. */
  static reopen(directory: string, firstSeq: number): { segment: Segment; lines: readonly Line[] } {
    const segment = new Segment(directory, firstSeq)
    const { lines, broken } = parseLines(readFileSync(segment.path, 'utf8'))
    for (const line of lines) segment.push(line)
    segment.unwritten = []
    segment.lines = broken > 0 ? [...lines] : null
    segment.sealed = true
    return { segment, lines }
  }
}

/** Whole lines only: a line that is not a numbered record, or does not follow the one before, is passed over. */
function parseLines(text: string): { lines: Line[]; broken: number } {
  const lines: Line[] = []
  let broken = 0
  let last = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const seq = seqOf(line)
    if (seq !== null && seq > last) {
      lines.push({ seq, text: line })
      last = seq
    } else broken++
  }
  return { lines, broken }
}

function seqOf(line: string): number | null {
  try {
    const { seq, record } = JSON.parse(line) as Partial<NumberedRecord>
    return Number.isSafeInteger(seq) && seq !== undefined && typeof record === 'object' ? seq : null
  } catch {
    return null
  }
}
