'use client'
import { useEffect, useState } from 'react'
import { ConfirmDialog } from '#app/_ui/confirm-dialog.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { toastDone, toastFailed } from '#app/_ui/toaster.tsx'
import type { StateType } from '#lib/domain/state.ts'
import { countMatching } from './act.ts'
import { type BulkVerb, type Chosen, doBulk, filterOf, mostRuns } from './do-bulk.ts'
import { PauseField, StateFields } from './run-dialogs.tsx'
import { runsWord, statesFor } from './verbs.ts'

interface BulkDialogProps {
  readonly api: string
  readonly verb: BulkVerb
  readonly chosen: Chosen
  readonly onClose: () => void
  readonly onDone: () => void
}

interface Preview {
  readonly all: number
  /** Of these, those whose state allows the verb. */
  readonly meant: number
}

const words = {
  cancel: {
    verb: 'Cancel',
    busy: 'Cancelling',
    past: 'Cancelled',
    left: 'have ended already and stay as they are',
    leftOne: 'has ended already and stays as it is',
  },
  pause: {
    verb: 'Pause',
    busy: 'Pausing',
    past: 'Paused',
    left: 'do not execute and stay as they are',
    leftOne: 'does not execute and stays as it is',
  },
  resume: {
    verb: 'Resume',
    busy: 'Resuming',
    past: 'Resumed',
    left: 'are not paused and stay as they are',
    leftOne: 'is not paused and stays as it is',
  },
  retry: {
    verb: 'Retry',
    busy: 'Retrying',
    past: 'Retried',
    left: 'have not ended and stay as they are',
    leftOne: 'has not ended and stays as it is',
  },
  'set-state': { verb: 'Change', busy: 'Changing', past: 'Changed the state of', left: '', leftOne: '' },
  delete: { verb: 'Delete', busy: 'Deleting', past: 'Deleted', left: '', leftOne: '' },
} as const satisfies Record<BulkVerb, unknown>

export function BulkDialog({ api, verb, chosen, onClose, onDone }: BulkDialogProps) {
  const [preview, setPreview] = useState<Preview | null>(null)
  const [failed, setFailed] = useState<string | null>(null)
  const [progress, setProgress] = useState<number | null>(null)
  const [type, setType] = useState<StateType>('CANCELLED')
  const [message, setMessage] = useState('')
  const [pauseSeconds, setPauseSeconds] = useState(3600)
  useEffect(() => {
    const all = filterOf(chosen, null)
    Promise.all([countMatching(api, all), countMatching(api, filterOf(chosen, statesFor(verb)))])
      .then(([count, meant]) => setPreview({ all: count, meant }))
      .catch((error: unknown) =>
        setFailed(error instanceof Error ? error.message : 'The server did not answer.'),
      )
  }, [api, chosen, verb])
  const say = words[verb]
  const count = Math.min(preview?.meant ?? 0, mostRuns)
  const left = preview ? preview.all - preview.meant : 0

  const act = async (): Promise<string | null> => {
    setProgress(0)
    try {
      const done = await doBulk(api, verb, chosen, { type, message, pauseSeconds }, setProgress)
      const sentence = `${say.past} ${done.refused.length === 0 ? runsWord(done.ids.length) : `${formatCount(done.ids.length)} of ${runsWord(done.ids.length + done.refused.length)}`}.`
      if (done.refused.length === 0) toastDone(sentence)
      else toastFailed(`${sentence} ${commonest(done.refused)}`)
      onDone()
      return null
    } catch (error) {
      return error instanceof Error ? error.message : 'The server did not answer.'
    } finally {
      setProgress(null)
    }
  }

  return (
    <ConfirmDialog
      title={
        preview
          ? `${say.verb} ${verb === 'set-state' ? 'the state of ' : ''}${runsWord(count)}?`
          : 'Counting the runs…'
      }
      description={
        preview
          ? describe(verb, count, left, preview.meant > mostRuns)
          : 'What would be changed is counted first.'
      }
      verb={preview ? `${say.verb} ${runsWord(count)}` : say.verb}
      busyVerb={
        progress === null ? `${say.busy}…` : `${say.busy} ${formatCount(progress)} of ${formatCount(count)}…`
      }
      keep={verb === 'delete' || verb === 'cancel' ? 'Keep them' : 'Close'}
      danger={verb === 'delete' || verb === 'cancel'}
      disabled={preview === null || count === 0}
      {...(verb === 'delete' && count > 0 ? { typed: String(count) } : {})}
      onClose={onClose}
      onConfirm={act}
    >
      {failed ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          {failed}
        </p>
      ) : null}
      {verb === 'set-state' ? (
        <StateFields type={type} message={message} onType={setType} onMessage={setMessage} />
      ) : null}
      {verb === 'pause' ? <PauseField seconds={pauseSeconds} onSeconds={setPauseSeconds} /> : null}
    </ConfirmDialog>
  )
}

function describe(verb: BulkVerb, count: number, left: number, cut: boolean): string {
  const others =
    left > 0 && words[verb].left !== ''
      ? ` ${runsWord(left)} ${left === 1 ? words[verb].leftOne : words[verb].left}.`
      : ''
  const more = cut ? ` At most ${formatCount(mostRuns)} are done at once: the newest.` : ''
  if (count === 0) return `None of these runs can be ${words[verb].past.toLowerCase()}.${others}`
  switch (verb) {
    case 'cancel':
      return `What executes is asked to stop; what waits will not start.${others}${more}`
    case 'pause':
      return `Each stops before its next task and keeps its infrastructure. One that nobody resumes in time fails.${others}${more}`
    case 'resume':
      return `Each goes on where it was paused. Those that wait for an input are left as they are.${others}${more}`
    case 'retry':
      return `Each starts again as another attempt. Those that were started by hand, outside a deployment, are picked up by nobody.${others}${more}`
    case 'set-state':
      return `The state is written as you choose it, and no rule is asked. What executes is not told to stop.${more}`
    case 'delete':
      return `The runs, their task runs, states and log lines are gone. What executes is not told to stop. This cannot be undone.${more}`
  }
}

/** Of many reasons the one that was given most often, with its number. */
function commonest(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const [top] = [...counts].sort((a, b) => b[1] - a[1])
  return top ? `${top[1].toLocaleString('en-US')}: ${top[0]}` : ''
}
