'use client'
import { CircleCheck, KeyRound, TriangleAlert } from 'lucide-react'
import { type ReactNode, useRef, useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { Field, Select } from '#app/_ui/field.tsx'
import { Note } from '#app/_ui/note.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import type { ClientCallback } from '#lib/identity/client-callback.ts'
import { deliverFailure, deliverKey } from './deliver.ts'

interface ConsentProps {
  readonly callback: ClientCallback
  readonly handle: string
  readonly workspaces: readonly { readonly id: string; readonly slug: string }[]
}

type Stage = 'asking' | 'giving' | 'given' | 'declined' | { readonly failed: string }

const roles = [
  ['', 'All that I may do'],
  ['owner', 'Owner'],
  ['developer', 'Developer'],
  ['runner', 'Runner'],
  ['viewer', 'Viewer'],
  ['worker', 'Worker'],
] as const

const lifetimes = [
  [7, '7 days'],
  [30, '30 days'],
  [90, '90 days'],
  [0, 'Never'],
] as const

const dayMs = 86_400_000

/** Names what the program will be able to do, lets the reader narrow it, and brings the key to the program. */
export function Consent({ callback, handle, workspaces }: ConsentProps) {
  const [stage, setStage] = useState<Stage>('asking')
  const [workspaceId, setWorkspaceId] = useState('')
  const [role, setRole] = useState('')
  const [days, setDays] = useState(30)
  const heading = useRef<HTMLHeadingElement>(null)

  const settle = (next: Stage) => {
    setStage(next)
    heading.current?.focus()
  }

  const give = async () => {
    setStage('giving')
    const made = await sendJson<{ readonly id: string; readonly key: string }>('POST', '/api/me/api_keys', {
      name: callback.program,
      workspace_id: workspaceId || null,
      role: role || null,
      expiration: days ? new Date(Date.now() + days * dayMs).toISOString() : null,
    })
    if (!made.ok) return settle({ failed: `No key was made: ${made.reason}` })
    if (await deliverKey(callback, made.body.key)) return settle('given')
    // Nobody holds it: it must not stay valid.
    const revoked = await sendJson('DELETE', `/api/me/api_keys/${made.body.id}`)
    const waits = `${callback.program} no longer waits on port ${callback.port}`
    settle({
      failed: revoked.ok
        ? `${waits}, so the key was revoked. Run the command again.`
        : `${waits}, and the key ${callback.program} could not be revoked: ${revoked.reason} Revoke it under Settings, API keys.`,
    })
  }

  const decline = async () => {
    await deliverFailure(callback, `${handle} declined in the browser.`)
    settle('declined')
  }

  const where =
    workspaces.find((each) => each.id === workspaceId)?.slug ?? 'every workspace that you may enter'
  const title =
    stage === 'given'
      ? 'The program is logged in'
      : stage === 'declined'
        ? 'Nothing was given'
        : `Let ${callback.program} act as you?`

  return (
    <>
      <h1 ref={heading} tabIndex={-1} className="mb-1 font-semibold text-xl tracking-[-0.015em] outline-none">
        {title}
      </h1>
      {stage === 'given' ? (
        <Done icon={<CircleCheck aria-hidden size={16} />} family="good">
          Go back to the terminal. You can close this page, and revoke the key under Settings, API keys.
        </Done>
      ) : stage === 'declined' ? (
        <Done icon={<TriangleAlert aria-hidden size={16} />} family="late">
          No key was made. You can close this page.
        </Done>
      ) : (
        <>
          <p className="mb-5 text-base text-ink-2">
            A program on this computer, waiting on port {callback.port}, asks for an API key of{' '}
            <b className="font-medium text-ink">{handle}</b>. Allow it only if you just ran{' '}
            <code className="whitespace-nowrap font-mono text-ink">{callback.program}</code>.
          </p>
          <div className="grid gap-4">
            <Field label="Workspaces">
              {(control) => (
                <Select
                  {...control}
                  value={workspaceId}
                  onChange={(event) => setWorkspaceId(event.target.value)}
                >
                  <option value="">All my workspaces</option>
                  {workspaces.map(({ id, slug }) => (
                    <option key={id} value={id}>
                      {slug}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            <div className="grid grid-cols-2 gap-4 max-sm:grid-cols-1">
              <Field label="Role">
                {(control) => (
                  <Select {...control} value={role} onChange={(event) => setRole(event.target.value)}>
                    {roles.map(([value, words]) => (
                      <option key={value} value={value}>
                        {words}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
              <Field label="Expires">
                {(control) => (
                  <Select {...control} value={days} onChange={(event) => setDays(Number(event.target.value))}>
                    {lifetimes.map(([value, words]) => (
                      <option key={value} value={value}>
                        {value ? `In ${words}` : words}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
            </div>
          </div>
          <p className="mt-4 text-ink-3 text-xs">
            With the key it can act as you in {where}
            {role ? `, at most as ${roles.find(([value]) => value === role)?.[1]}` : ''}
            {days ? `, for ${days} days` : ', until you revoke it'}.
          </p>
          {typeof stage === 'object' ? (
            <div className="mt-4">
              <Note family="fail" icon={<TriangleAlert size={14} />} role="alert">
                {stage.failed}
              </Note>
            </div>
          ) : null}
          <div className="mt-6 flex flex-wrap gap-2">
            <Button kind="primary" size="lg" onClick={give} busy={stage === 'giving' && 'Giving…'}>
              <KeyRound aria-hidden size={16} />
              Give it a key
            </Button>
            <Button size="lg" onClick={decline} disabled={stage === 'giving'}>
              Give nothing
            </Button>
          </div>
        </>
      )}
    </>
  )
}

function Done({
  icon,
  family,
  children,
}: {
  readonly icon: ReactNode
  readonly family: 'good' | 'late'
  readonly children: ReactNode
}) {
  return (
    <div className="mt-3">
      <Note family={family} icon={icon} role="status">
        {children}
      </Note>
    </div>
  )
}
