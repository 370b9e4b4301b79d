'use client'
import { Copy, Ellipsis, Pause, Play, SlidersHorizontal, Trash2 } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button, iconButtonClass } from '#app/_ui/button.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Menu, MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone, toastFailed } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'

const ConfirmDialog = dynamic(() => import('#app/_ui/confirm-dialog.tsx').then((file) => file.ConfirmDialog))
const LimitDialog = dynamic(() => import('./limit-dialog.tsx').then((file) => file.LimitDialog))

export interface ActedDeployment {
  readonly id: string
  readonly name: string
  readonly paused: boolean
  readonly disabled: boolean
  readonly schedules: number
  readonly limit?: number | null
  readonly collision?: 'ENQUEUE' | 'CANCEL_NEW'
}

interface DeploymentMenuProps {
  readonly base: string
  readonly deployment: ActedDeployment
  readonly may: { readonly run: boolean; readonly write: boolean; readonly remove: boolean }
  readonly whyNotRun?: string | null
  /** In a list the verbs are all under the dots. */
  readonly inRow?: boolean
}

export function DeploymentMenu({ base, deployment, may, whyNotRun, inRow }: DeploymentMenuProps) {
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
      {inRow ? null : whyNotRun ? (
        <Withheld why={whyNotRun}>Run</Withheld>
      ) : (
        <>
          <Button kind="primary" onClick={run} busy={busy && 'Starting…'} disabled={deployment.disabled}>
            <Play aria-hidden size={14} />
            Run
          </Button>
          <ButtonLink href={`${page}/run`}>Run with parameters</ButtonLink>
        </>
      )}
      <Menu
        align="end"
        trigger={
          <button
            type="button"
            aria-label={inRow ? `Actions for ${deployment.name}` : 'More actions'}
            className={
              inRow
                ? iconButtonClass({ kind: 'ghost', size: 'sm' })
                : `${iconButtonClass({ kind: 'plain' })} flex-none!`
            }
          >
            <Ellipsis aria-hidden size={16} />
          </button>
        }
      >
        {inRow && may.run && !deployment.disabled ? (
          <>
            <MenuItem onSelect={() => void run()}>
              <Play aria-hidden size={14} /> Run
            </MenuItem>
            <MenuItem onSelect={() => router.push(`${page}/run`)}>
              <SlidersHorizontal aria-hidden size={14} /> Run with parameters
            </MenuItem>
          </>
        ) : null}
        {may.write ? (
          <MenuItem onSelect={() => void turn()}>
            {deployment.paused ? <Play aria-hidden size={14} /> : <Pause aria-hidden size={14} />}
            {deployment.paused ? 'Resume schedules' : 'Pause schedules'}
          </MenuItem>
        ) : null}
        {may.write && !inRow ? <MenuItem onSelect={() => setOpen('limit')}>Limit its runs</MenuItem> : null}
        <MenuItem
          onSelect={() => {
            void navigator.clipboard?.writeText(deployment.id)
            toastDone('Copied the deployment ID.')
          }}
        >
          <Copy aria-hidden size={14} /> Copy deployment ID
        </MenuItem>
        {may.remove ? (
          <>
            <MenuRule />
            <MenuItem danger onSelect={() => setOpen('delete')}>
              <Trash2 aria-hidden size={14} /> Delete deployment
            </MenuItem>
          </>
        ) : null}
      </Menu>
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
