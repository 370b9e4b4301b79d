'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { ConfirmDialog } from '#app/_ui/confirm-dialog.tsx'
import { Checkbox, Field, Select } from '#app/_ui/field.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { VersionListRow } from '#lib/control/console/read-deployment.ts'
import type { VersionedDeployment } from './version-actions.tsx'

/** What a deployment usually has of its own, and the columns that hold it. */
const own = [
  { words: 'Work pool and queue', columns: ['work_queue_id'], kept: true },
  { words: 'Parameters', columns: ['parameters'], kept: true },
  { words: 'Job variables', columns: ['job_variables'], kept: false },
  { words: 'Tags and description', columns: ['tags', 'description'], kept: false },
] as const

/** A filter's page is this long at most. */
const mostTargets = 200

interface Target {
  readonly id: string
  readonly name: string
}

interface PromoteDialogProps {
  readonly base: string
  readonly deployment: VersionedDeployment
  readonly version: VersionListRow
  readonly onClose: () => void
}

/** Makes another deployment of the flow run what this version runs: what staging ran goes to production. */
export function PromoteDialog({ base, deployment, version, onClose }: PromoteDialogProps) {
  const router = useRouter()
  const [targets, setTargets] = useState<readonly Target[] | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const [targetId, setTargetId] = useState('')
  const [kept, setKept] = useState<ReadonlySet<string>>(
    () => new Set(own.filter((each) => each.kept).map((each) => each.words)),
  )
  const api = `${apiOf(base)}/deployments`
  useEffect(() => {
    let current = true
    void sendJson<readonly Target[]>('POST', `${api}/filter`, {
      flows: { id: { any_: [deployment.flowId] } },
      sort: 'NAME_ASC',
      limit: mostTargets,
    }).then((sent) => {
      if (!current) return
      if (!sent.ok) return setFault(sent.reason)
      const others = sent.body.filter((each) => each.id !== deployment.id)
      setTargets(others)
      setTargetId(others[0]?.id ?? '')
    })
    return () => {
      current = false
    }
  }, [api, deployment.flowId, deployment.id])
  const target = targets?.find((each) => each.id === targetId)
  return (
    <ConfirmDialog
      title={`Promote version ${version.number} of ${deployment.name}?`}
      description={
        targets?.length === 0
          ? `${deployment.flowName} has no other deployment. Deploy it under a second name, such as production, and promote to that.`
          : `Another deployment of ${deployment.flowName} then runs what this version runs. It gets a version of its own, and can be rolled back. Its schedules, pausing and limits stay.`
      }
      verb="Promote version"
      busyVerb="Promoting…"
      keep="Close"
      disabled={target === undefined}
      onClose={onClose}
      onConfirm={async () => {
        if (!target) return null
        const keep = own.flatMap((each) => (kept.has(each.words) ? each.columns : []))
        const sent = await sendJson('POST', `${api}/${deployment.id}/promote`, {
          target_deployment_id: target.id,
          version_id: version.id,
          keep,
        })
        if (!sent.ok) return `It was not promoted: ${sent.reason}`
        toastDone(`${target.name} runs version ${version.number} of ${deployment.name} now.`)
        router.push(`${base}/deployments/deployment/${target.id}?tab=versions`)
        return null
      }}
    >
      {fault ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          The deployments of {deployment.flowName} could not be listed: {fault}
        </p>
      ) : null}
      {targets && targets.length > 0 ? (
        <>
          <Field label="To">
            {(control) => (
              <Select {...control} value={targetId} onChange={(event) => setTargetId(event.target.value)}>
                {targets.map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <fieldset className="grid gap-2">
            <legend className="mb-1.5 font-medium">It keeps its own</legend>
            {own.map(({ words }) => (
              <Checkbox
                key={words}
                checked={kept.has(words)}
                onChange={(event) => {
                  const next = new Set(kept)
                  if (event.target.checked) next.add(words)
                  else next.delete(words)
                  setKept(next)
                }}
              >
                {words}
              </Checkbox>
            ))}
          </fieldset>
        </>
      ) : null}
    </ConfirmDialog>
  )
}
