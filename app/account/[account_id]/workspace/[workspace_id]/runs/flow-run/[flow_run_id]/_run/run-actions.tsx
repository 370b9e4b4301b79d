'use client'
import { CircleStop, Copy, CopyPlus, Pause, PenLine, Play, RotateCw, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { useButtonFocus } from '#app/_ui/row-focus.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'
import type { ActedRun } from '../../../_actions/run-dialogs.tsx'
import type { RunLocks } from '../../../_actions/run-locks.ts'
import { mayDo, type RunVerb } from '../../../_actions/verbs.ts'

const RunDialog = lateDialog(() => import('../../../_actions/run-dialogs.tsx').then((file) => file.RunDialog))
const ResumeDialog = lateDialog(() =>
  import('../../../_actions/resume-dialog.tsx').then((file) => file.ResumeDialog),
)

interface RunActionsProps {
  readonly base: string
  readonly run: ActedRun
  readonly locks: RunLocks
}

function asked({ stateType, deploymentId }: ActedRun): string | null {
  if (mayDo('resume', stateType)) return 'Resume run'
  if (mayDo('cancel', stateType)) return 'Cancel run'
  return mayDo('retry', stateType) && stateType !== 'COMPLETED' && deploymentId !== null ? 'Retry run' : null
}

/** The verb that the run's state asks for stands by itself; the others are under the dots. */
export function RunActions({ base, run, locks }: RunActionsProps) {
  const router = useRouter()
  const [verb, setVerb] = useState<RunVerb | null>(null)
  const buttons = useRef<HTMLSpanElement>(null)
  useButtonFocus(buttons)
  const fits = (each: RunVerb) => mayDo(each, run.stateType)
  const can = (each: RunVerb) => locks.run === null && fits(each)
  // The verb that the state asks for, where the role does not allow it: said, not hidden.
  const withheld = locks.run === null ? null : asked(run)
  const copy = async (text: string, what: string) => {
    await navigator.clipboard?.writeText(text)
    toastDone(`Copied ${what}.`)
  }
  const close = () => setVerb(null)
  const failed = run.stateType === 'FAILED' || run.stateType === 'CRASHED'
  return (
    <span ref={buttons} className="contents max-sm:*:flex-1">
      {withheld && locks.run !== null ? <Withheld why={locks.run}>{withheld}</Withheld> : null}
      {can('resume') ? (
        <Button kind="primary" onClick={() => setVerb('resume')}>
          <Play aria-hidden size={14} />
          Resume run
        </Button>
      ) : null}
      {failed && can('retry') && run.deploymentId !== null ? (
        <Button onClick={() => setVerb('retry')}>
          <RotateCw aria-hidden size={14} />
          Retry run
        </Button>
      ) : null}
      {can('cancel') ? (
        <Button kind="danger-line" onClick={() => setVerb('cancel')}>
          <CircleStop aria-hidden size={14} />
          Cancel run
        </Button>
      ) : null}
      <DotsMenu>
        {fits('pause') ? (
          <MenuItem why={locks.run} onSelect={() => setVerb('pause')}>
            <Pause aria-hidden size={14} /> Pause run
          </MenuItem>
        ) : null}
        {fits('retry') ? (
          <MenuItem why={locks.run} onSelect={() => setVerb('retry')}>
            <RotateCw aria-hidden size={14} /> Retry run
          </MenuItem>
        ) : null}
        {run.deploymentId === null ? null : (
          <MenuItem
            why={locks.copy}
            onSelect={() =>
              router.push(`${base}/deployments/deployment/${run.deploymentId}/run?from=${run.id}`)
            }
          >
            <CopyPlus aria-hidden size={14} /> Copy to a new run
          </MenuItem>
        )}
        <MenuItem why={locks.run} onSelect={() => setVerb('set-state')}>
          <PenLine aria-hidden size={14} /> Change state
        </MenuItem>
        <MenuRule />
        <MenuItem onSelect={() => void copy(run.id, 'the run ID')}>
          <Copy aria-hidden size={14} /> Copy run ID
        </MenuItem>
        <MenuItem onSelect={() => void copy(window.location.href, 'the link')}>
          <Copy aria-hidden size={14} /> Copy link to this view
        </MenuItem>
        <MenuRule />
        <MenuItem danger why={locks.manage} onSelect={() => setVerb('delete')}>
          <Trash2 aria-hidden size={14} /> Delete run
        </MenuItem>
      </DotsMenu>
      {verb === 'resume' ? (
        <ResumeDialog api={apiOf(base)} run={run} onClose={close} />
      ) : verb ? (
        <RunDialog
          api={apiOf(base)}
          verb={verb}
          run={run}
          onClose={close}
          onDone={() => router.push(`${base}/runs`)}
        />
      ) : null}
    </span>
  )
}
