'use client'
import { useRef, useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { useZone } from '#app/_ui/clock.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Field, Input, Select } from '#app/_ui/field.tsx'
import type { NewKey } from '#app/_ui/login-commands.ts'
import { sendJson } from '#app/_ui/send-json.ts'
import { formatDay } from '#app/_ui/times.ts'
import type { WorkspaceRole } from '#lib/domain/access/actor.ts'
import type { HereWorkspace } from './api-keys.tsx'
import { type ExpiryChoice, expirationOf, expiryChoices, expiryWords } from './expiry.ts'
import { roleHints, rolesUpTo, roleWords } from './roles.ts'

interface GenerateDialogProps {
  readonly here: HereWorkspace
  readonly ownRole: WorkspaceRole
  readonly onClose: () => void
  readonly onGenerated: (key: NewKey, sentence: string, allWorkspaces: boolean) => void
}

export function GenerateDialog({ here, ownRole, onClose, onGenerated }: GenerateDialogProps) {
  const zone = useZone()
  const roles = rolesUpTo(ownRole)
  const [name, setName] = useState('')
  const [everywhere, setEverywhere] = useState(false)
  const [role, setRole] = useState<WorkspaceRole>(roles.includes('developer') ? 'developer' : ownRole)
  const [choice, setChoice] = useState<ExpiryChoice>('30')
  const [date, setDate] = useState('')
  const [checked, setChecked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const nameInput = useRef<HTMLInputElement>(null)
  const dateInput = useRef<HTMLInputElement>(null)
  const expiration = expirationOf(choice, date, Date.now())
  const nameError = name.trim() === '' ? 'A key needs a name, so that you know it again.' : null
  const dateError = expiration === undefined ? (date === '' ? 'Choose a day.' : `${date} has passed.`) : null

  const submit = async () => {
    setChecked(true)
    if (nameError) return nameInput.current?.focus()
    if (expiration === undefined) return dateInput.current?.focus()
    setBusy(true)
    setRefusal(null)
    const sent = await sendJson<NewKey>('POST', '/api/me/api_keys', {
      name: name.trim(),
      workspace_id: everywhere ? null : here.id,
      role,
      expiration,
    })
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    const where = everywhere ? 'all your workspaces' : here.slug
    const until =
      sent.body.expiration === null
        ? 'and never expires'
        : `until ${formatDay(Date.parse(sent.body.expiration), zone)}`
    onGenerated(sent.body, `acts as you with the role ${roleWords[role]} in ${where} ${until}.`, everywhere)
  }

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Generate an API key"
      description="It acts as you, within the role you choose here."
      width={440}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" type="submit" form="generate-key" busy={busy && 'Generating…'}>
            Generate key
          </Button>
        </>
      }
    >
      <form
        id="generate-key"
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Field label="Name" hint="What will use it: laptop, ci-deploy." error={checked ? nameError : null}>
          {(control) => (
            <Input
              {...control}
              ref={nameInput}
              value={name}
              maxLength={200}
              autoComplete="off"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Workspaces">
          {(control) => (
            <Select
              {...control}
              value={everywhere ? 'all' : 'here'}
              onChange={(event) => setEverywhere(event.target.value === 'all')}
            >
              <option value="here">{here.slug}</option>
              <option value="all">All my workspaces</option>
            </Select>
          )}
        </Field>
        <Field label="Role" hint={roleHints[role]}>
          {(control) => (
            <Select
              {...control}
              value={role}
              onChange={(event) => setRole(roles.find((each) => each === event.target.value) ?? role)}
            >
              {roles.map((each) => (
                <option key={each} value={each}>
                  {roleWords[each]}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="grid grid-cols-2 items-start gap-3">
          <Field label="Expires">
            {(control) => (
              <Select
                {...control}
                value={choice}
                onChange={(event) =>
                  setChoice(expiryChoices.find((each) => each === event.target.value) ?? choice)
                }
              >
                {expiryChoices.map((each) => (
                  <option key={each} value={each}>
                    {expiryWords[each]}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          {choice === 'date' ? (
            <Field label="Day" error={checked ? dateError : null}>
              {(control) => (
                <Input
                  {...control}
                  ref={dateInput}
                  type="date"
                  value={date}
                  onChange={(event) => setDate(event.target.value)}
                />
              )}
            </Field>
          ) : null}
        </div>
        {refusal ? (
          <p role="alert" className="text-state-fail-fg text-xs">
            No key was generated: {refusal}
          </p>
        ) : null}
      </form>
    </Dialog>
  )
}
