import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AgentRecord, FlowRunRecord, NumberedRecord, TaskRunRecord } from '../../protocol/frames.js'
import { presentInstant } from '../../record/instant.js'
import { uuid7 } from '../../record/uuid.js'
import { logRecord } from '../../testing/records.js'
import { tempDir } from '../../testing/temp-dir.js'
import { adoptOutboxes } from './adopt.js'
import { Outbox } from './outbox.js'

const ALL = [1e9, 1e9] as const

function messages(outbox: Outbox, after = 0): string[] {
  return outbox.read(after, ...ALL).map(({ text }) => {
    const { record } = JSON.parse(text) as NumberedRecord
    return record.kind === 'log' ? record.message : record.kind
  })
}

/** As if the process that made it had died: the owner's file names a process that is gone. */
function orphan(root: string, outbox: Outbox): string {
  outbox.flush()
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const directory = join(root, outbox.id)
  const owner = readdirSync(directory).find((name) => name.startsWith('owner.')) ?? ''
  renameSync(join(directory, owner), join(directory, owner.replace(`.${process.pid}.`, `.${pid}.`)))
  return directory
}

const segmentsIn = (directory: string) => readdirSync(directory).filter((name) => name.endsWith('.ndjson'))

const state = (type: 'RUNNING' | 'COMPLETED' | 'PENDING') => ({ id: uuid7(), type, at: presentInstant() })
const flowRun = (id: string): FlowRunRecord => ({
  kind: 'flow-run',
  id,
  flowName: 'f',
  name: 'n',
  parameters: {},
  tags: [],
  state: state('PENDING'),
})
const taskRun = (id: string, type: 'RUNNING' | 'COMPLETED'): TaskRunRecord => ({
  kind: 'task-run',
  id,
  flowRunId: 'run-1',
  taskKey: 't',
  dynamicKey: '0',
  name: 't-0',
  tags: [],
  inputs: {},
  runCount: 1,
  state: state(type),
})

describe('an outbox', () => {
  it('numbers records from 1, keeps their order, and forgets what is acknowledged', () => {
    const outbox = Outbox.create(tempDir(), 'here')
    expect(['a', 'b', 'c'].map((text) => outbox.append(logRecord(text)))).toEqual([1, 2, 3])
    expect(messages(outbox)).toEqual(['a', 'b', 'c'])
    outbox.ack(2)
    expect(outbox.pendingCount).toBe(1)
    expect(messages(outbox, outbox.ackedSeq)).toEqual(['c'])
    outbox.close()
  })

  it('is readable by its owner only', () => {
    const root = join(tempDir(), 'outbox')
    const outbox = Outbox.create(root, 'here')
    outbox.append(logRecord('secret'))
    outbox.ack(0)
    outbox.flush()
    const directory = join(root, outbox.id)
    expect(statSync(root).mode & 0o777).toBe(0o700)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(directory))
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600)
    outbox.close()
  })

  it('has a flow run and its states on disk before append returns, and task runs and logs within the turn', async () => {
    const root = tempDir()
    const outbox = Outbox.create(root, 'here')
    const text = () => readFileSync(join(root, outbox.id, '000000000001.ndjson'), 'utf8')
    outbox.append(flowRun('run-1'))
    expect(text()).toContain('"run-1"')
    outbox.append(logRecord('later'))
    const flushed = new Promise<void>((resolve) => {
      outbox.onFlushed = resolve
    })
    await flushed
    expect(text()).toContain('later')
    outbox.close()
  })

  it('spreads over segments, deletes the acknowledged ones, and reads across them in bounded portions', () => {
    const root = tempDir()
    const outbox = Outbox.create(root, 'here', { segmentBytes: 2_000 })
    const texts = Array.from({ length: 60 }, (_, i) => `line ${i}`)
    for (const text of texts) outbox.append(logRecord(text))
    outbox.flush()
    const before = segmentsIn(join(root, outbox.id)).length
    expect(before).toBeGreaterThan(3)
    expect(messages(outbox)).toEqual(texts)
    expect(outbox.read(10, 7, 1e9).map((line) => line.seq)).toEqual([11, 12, 13, 14, 15, 16, 17])
    expect(outbox.read(10, 100, 500).length).toBeLessThan(4)
    expect(outbox.read(10, 100, 1)).toHaveLength(1)
    outbox.ack(40)
    expect(segmentsIn(join(root, outbox.id)).length).toBeLessThan(before)
    expect(messages(outbox, 40)).toEqual(texts.slice(40))
    outbox.close()
  })

  it('keeps records in memory when the disk refuses, and says so once', () => {
    const root = tempDir()
    const outbox = Outbox.create(root, 'here')
    const troubles: string[] = []
    outbox.onDiskTrouble = (error) => troubles.push(error.message)
    rmSync(join(root, outbox.id), { recursive: true })
    outbox.append(flowRun('run-1'))
    outbox.append(logRecord('still here'))
    outbox.flush()
    expect(messages(outbox)).toEqual(['flow-run', 'still here'])
    expect(troubles).toEqual([expect.stringContaining('ENOENT')])
    outbox.close()
  })

  it('leaves nothing behind when everything was acknowledged, and may be closed twice', () => {
    const root = tempDir()
    const outbox = Outbox.create(root, 'here')
    outbox.append(logRecord('a'))
    outbox.ack(1)
    outbox.close()
    outbox.close()
    expect(readdirSync(root)).toEqual([])
  })

  it('beyond its cap drops debug and info lines, keeps the rest, and says how many are missing', () => {
    const outbox = Outbox.create(tempDir(), 'here', { segmentBytes: 500, capBytes: 1_500 })
    while (outbox.append(logRecord('filler')) !== null);
    for (let i = 0; i < 4; i++) expect(outbox.append(logRecord('debug', 10))).toBeNull()
    expect(outbox.append(logRecord('warning', 30))).not.toBeNull()
    expect(outbox.append(flowRun('run-1'))).not.toBeNull()
    outbox.ack(outbox.lastSeq)
    outbox.append(logRecord('again'))
    const [told, again] = messages(outbox, outbox.ackedSeq)
    expect(told).toContain('5 log lines of level info and below were dropped')
    expect(again).toBe('again')
    outbox.close()
  })
})

describe('the outbox of a dead process', () => {
  it('is adopted with its unacknowledged records; numbers go on where they stopped', () => {
    const root = tempDir()
    const first = Outbox.create(root, 'here')
    for (const text of ['a', 'b', 'c']) first.append(logRecord(text))
    first.ack(1)
    orphan(root, first)
    const [second] = adoptOutboxes(root, 'here')
    expect(second?.id).toBe(first.id)
    expect(second && messages(second, second.ackedSeq)).toEqual(['b', 'c'])
    expect(second?.append(logRecord('d'))).toBe(4)
    second?.ack(4)
    second?.close()
    expect(readdirSync(root)).toEqual([])
  })

  it('is left alone when it is for another control plane, or its process lives, or another was faster', () => {
    const root = tempDir()
    const living = Outbox.create(root, 'here')
    living.append(logRecord('mine'))
    const elsewhere = Outbox.create(root, 'there')
    elsewhere.append(logRecord('theirs'))
    orphan(root, elsewhere)
    const dead = Outbox.create(root, 'here')
    dead.append(logRecord('a'))
    orphan(root, dead)
    const [taken, ...others] = adoptOutboxes(root, 'here')
    expect(taken?.id).toBe(dead.id)
    expect(others).toEqual([])
    expect(adoptOutboxes(root, 'here')).toEqual([])
    for (const outbox of [living, taken]) outbox?.close()
  })

  it('loses nothing but the torn end of a write that the crash cut short', () => {
    const root = tempDir()
    const first = Outbox.create(root, 'here')
    for (const text of ['a', 'b']) first.append(logRecord(text))
    const directory = orphan(root, first)
    appendFileSync(join(directory, '000000000001.ndjson'), '{"seq":3,"record":{"kind":"lo')
    const [second] = adoptOutboxes(root, 'here')
    expect(second?.append(logRecord('c'))).toBe(3)
    expect(second && messages(second)).toEqual(['a', 'b', 'c'])
    second?.flush()
    second?.close()
    const [third] = adoptOutboxes(root, 'here')
    expect(third && messages(third)).toEqual(['a', 'b', 'c'])
    third?.close()
  })

  it('survives a file that was emptied, and one with rubbish in the middle', () => {
    const root = tempDir()
    const first = Outbox.create(root, 'here')
    for (const text of ['a', 'b', 'c']) first.append(logRecord(text))
    const path = join(orphan(root, first), '000000000001.ndjson')
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(path, [lines[0], '\0\0rubbish', lines[2], ''].join('\n'))
    const [second] = adoptOutboxes(root, 'here')
    expect(second && messages(second)).toEqual(['a', 'c'])
    second?.close()
    truncateSync(path)
    expect(adoptOutboxes(root, 'here')).toEqual([])
    expect(readdirSync(root)).toEqual([])
  })

  it('says that the runs which had begun and not ended have crashed, even when their records were acknowledged', () => {
    const root = tempDir()
    const first = Outbox.create(root, 'here', { segmentBytes: 100 })
    const sent: AgentRecord[] = [
      flowRun('run-1'),
      taskRun('task-1', 'RUNNING'),
      taskRun('task-2', 'RUNNING'),
      taskRun('task-2', 'COMPLETED'),
      flowRun('run-2'),
      { kind: 'flow-run-state', flowRunId: 'run-2', state: state('COMPLETED') },
      logRecord('the last word'),
    ]
    for (const record of sent) first.append(record)
    first.ack(sent.length)
    orphan(root, first)
    const [second] = adoptOutboxes(root, 'here')
    const crashes = second
      ?.read(second.ackedSeq, ...ALL)
      .map(({ text }) => (JSON.parse(text) as NumberedRecord).record)
    expect(crashes).toMatchObject([
      { kind: 'task-run', id: 'task-1', state: { type: 'CRASHED' } },
      { kind: 'flow-run-state', flowRunId: 'run-1', state: { type: 'CRASHED' } },
    ])
    second?.close()
  })
})
