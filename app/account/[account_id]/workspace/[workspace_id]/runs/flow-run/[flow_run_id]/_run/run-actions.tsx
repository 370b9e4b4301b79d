'use client'
import { CircleStop, Copy, Ellipsis, Play, RotateCw, Trash2 } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button, iconButtonClass } from '#app/_ui/button.tsx'
import { Menu, MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { toastDone } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'
import type { ActedRun } from '../../../_actions/run-dialogs.tsx'
import { mayDo, type RunVerb } from '../../../_actions/verbs.ts'
import type { MayAct } from '../../../_list/bulk-bar.tsx'

const RunDialog = dynamic(() => import('../../../_actions/run-dialogs.tsx').then((file) => file.RunDialog))
const ResumeDialog = dynamic(() =>
  import('../../../_actions/resume-dialog.tsx').then((file) => file.ResumeDialog),
)

interface RunActionsProps {
  readonly base: string
  readonly run: ActedRun
  readonly may: MayAct
}

function asked({ stateType, deploymentId }: ActedRun): string | null {
  if (mayDo('resume', stateType)) return 'Resume run'
  if (mayDo('cancel', stateType)) return 'Cancel run'
  return mayDo('retry', stateType) && stateType !== 'COMPLETED' && deploymentId !== null ? 'Retry run' : null
}

/** The verb that the run's state asks for stands by itself; the others are under the dots. */
export function RunActions({ base, run, may }: RunActionsProps) {
  const router = useRouter()
  const [verb, setVerb] = useState<RunVerb | null>(null)
  const can = (each: RunVerb) => (each === 'delete' ? may.manage : may.run) && mayDo(each, run.stateType)
  // The verb that the state asks for, where the role does not allow it: said, not hidden.
  const withheld = may.run || may.why === null ? null : asked(run)
  const copy = async (text: string, what: string) => {
    await navigator.clipboard?.writeText(text)
    toastDone(`Copied ${what}.`)
  }
  const close = () => setVerb(null)
  const failed = run.stateType === 'FAILED' || run.stateType === 'CRASHED'
  return (
    <>
      {withheld ? <Withheld why={may.why ?? ''}>{withheld}</Withheld> : null}
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
      <Menu
        align="end"
        trigger={
          <button
            type="button"
            aria-label="More actions"
            // Beside buttons that share a phone's width, the dots keep their own.
            className={`${iconButtonClass({ kind: 'plain' })} flex-none! max-sm:ml-auto`}
          >
            <Ellipsis aria-hidden size={16} />
          </button>
        }
      >
        {can('pause') ? <MenuItem onSelect={() => setVerb('pause')}>Pause run</MenuItem> : null}
        {can('retry') ? <MenuItem onSelect={() => setVerb('retry')}>Retry run</MenuItem> : null}
        {run.deploymentId !== null && may.run ? (
          <MenuItem
            onSelect={() =>
              router.push(`${base}/deployments/deployment/${run.deploymentId}/run?from=${run.id}`)
            }
          >
            Copy to a new run
          </MenuItem>
        ) : null}
        {can('set-state') ? <MenuItem onSelect={() => setVerb('set-state')}>Change state</MenuItem> : null}
        {may.run ? <MenuRule /> : null}
        <MenuItem onSelect={() => void copy(run.id, 'the run ID')}>
          <Copy aria-hidden size={14} /> Copy run ID
        </MenuItem>
        <MenuItem onSelect={() => void copy(window.location.href, 'the link')}>
          <Copy aria-hidden size={14} /> Copy link to this view
        </MenuItem>
        {can('delete') ? (
          <>
            <MenuRule />
            <MenuItem danger onSelect={() => setVerb('delete')}>
              <Trash2 aria-hidden size={14} /> Delete run
            </MenuItem>
          </>
        ) : null}
      </Menu>
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
    </>
  )
}
