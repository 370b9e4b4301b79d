'use client'
import { Copy, Gauge, Pause, Play, SlidersHorizontal, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { Locks } from '#app/_server/why-not.ts'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone, toastFailed } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'

const LimitDialog = lateDialog(() => import('./limit-dialog.tsx').then((file) => file.LimitDialog))

export interface ActedDeployment {
  readonly id: string
  readonly name: string
  readonly paused: boolean
  readonly disabled: boolean
  readonly schedules: number
  readonly limit?: number | null
  readonly collision?: 'ENQUEUE' | 'CANCEL_NEW'
}

export type DeploymentLocks = Locks<'run' | 'write' | 'remove'>

interface DeploymentMenuProps {
  readonly base: string
  readonly deployment: ActedDeployment
  readonly locks: DeploymentLocks
  /** In a list the verbs are all under the dots. */
  readonly inRow?: boolean
}

export function DeploymentMenu({ base, deployment, locks, inRow }: DeploymentMenuProps) {
  const router = useRouter()
  const [open, setOpen] = useState<'delete' | 'limit' | null>(null)
  const [busy, setBusy] = useState(false)
  const api = `${apiOf(base)}/deployments/${deployment.id}`
  const page = `${base}/deployments/deployment/${deployment.id}`
  const run = async () => {
    setBusy(true)
    const sent = await sendJson<{ readonly id: string; readonly name: string }>(
      'POST',
      `${api}/create_flow_run`,
      {},
    )
    setBusy(false)
    if (!sent.ok) return toastFailed(`${deployment.name} was not run: ${sent.reason}`)
    toastDone(`Made the run ${sent.body.name}.`)
    router.push(`${base}/runs/flow-run/${sent.body.id}`)
  }
  const turn = async () => {
    const sent = await sendJson(
      'POST',
      `${api}/${deployment.paused ? 'resume_deployment' : 'pause_deployment'}`,
      {},
    )
    if (!sent.ok)
      return toastFailed(
        `${deployment.name} was not ${deployment.paused ? 'resumed' : 'paused'}: ${sent.reason}`,
      )
    toastDone(
      deployment.paused
        ? `${deployment.name} makes runs again.`
        : `Paused ${deployment.name}. What runs goes on.`,
    )
    router.refresh()
  }
  return (
    <>
      {inRow ? null : locks.run !== null ? (
        <Withheld why={locks.run}>Run</Withheld>
      ) : (
        <>
          <Button kind="primary" onClick={run} busy={busy && 'Starting…'} disabled={deployment.disabled}>
            <Play aria-hidden size={14} />
            Run
          </Button>
          <ButtonLink href={`${page}/run`}>Run with parameters</ButtonLink>
        </>
      )}
      <DotsMenu {...(inRow ? { of: deployment.name } : {})}>
        {inRow && !deployment.disabled ? (
          <>
            <MenuItem why={locks.run} onSelect={() => void run()}>
              <Play aria-hidden size={14} /> Run
            </MenuItem>
            <MenuItem why={locks.run} onSelect={() => router.push(`${page}/run`)}>
              <SlidersHorizontal aria-hidden size={14} /> Run with parameters
            </MenuItem>
          </>
        ) : null}
        <MenuItem why={locks.write} onSelect={() => void turn()}>
          {deployment.paused ? <Play aria-hidden size={14} /> : <Pause aria-hidden size={14} />}
          {deployment.paused ? 'Resume schedules' : 'Pause schedules'}
        </MenuItem>
        {inRow ? null : (
          <MenuItem why={locks.write} onSelect={() => setOpen('limit')}>
            <Gauge aria-hidden size={14} /> Limit its runs
          </MenuItem>
        )}
        <MenuItem
          onSelect={() => {
            void navigator.clipboard?.writeText(deployment.id)
            toastDone('Copied the deployment ID.')
          }}
        >
          <Copy aria-hidden size={14} /> Copy deployment ID
        </MenuItem>
        <MenuRule />
        <MenuItem danger why={locks.remove} onSelect={() => setOpen('delete')}>
          <Trash2 aria-hidden size={14} /> Delete deployment
        </MenuItem>
      </DotsMenu>
      {open === 'limit' ? (
        <LimitDialog base={base} deployment={deployment} onClose={() => setOpen(null)} />
      ) : null}
      {open === 'delete' ? (
        <ConfirmDialog
          title={`Delete deployment ${deployment.name}?`}
          description={`${deployment.schedules === 0 ? 'It has no schedules.' : deployment.schedules === 1 ? 'Its schedule stops.' : `Its ${deployment.schedules} schedules stop.`} Runs that were made ahead are removed; its past runs stay. This cannot be undone.`}
          verb="Delete deployment"
          busyVerb="Deleting…"
          danger
          typed={deployment.name}
          onClose={() => setOpen(null)}
          onConfirm={async () => {
            const sent = await sendJson('DELETE', api)
            if (!sent.ok) return `It was not deleted: ${sent.reason}`
            toastDone(`Deleted ${deployment.name}.`)
            if (inRow) router.refresh()
            else router.push(`${base}/deployments`)
            return null
          }}
        />
      ) : null}
    </>
  )
}
