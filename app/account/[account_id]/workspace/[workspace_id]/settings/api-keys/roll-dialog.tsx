'use client'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Field, Select } from '#app/_ui/field.tsx'
import type { NewKey } from '#app/_ui/login-commands.ts'
import { sendJson } from '#app/_ui/send-json.ts'
import type { ApiKeyRow } from '#lib/control/console/list-api-keys.ts'

interface RollDialogProps {
  readonly row: ApiKeyRow
  readonly onClose: () => void
  readonly onRolled: (key: NewKey, sentence: string, allWorkspaces: boolean) => void
}

const overlaps = [
  { seconds: 0, words: 'Now', after: 'the old one is refused from now on' },
  { seconds: 3600, words: 'In 1 hour', after: 'the old one works for 1 more hour' },
  { seconds: 86_400, words: 'In 1 day', after: 'the old one works for 1 more day' },
  { seconds: 604_800, words: 'In 7 days', after: 'the old one works for 7 more days' },
] as const

export function RollDialog({ row, onClose, onRolled }: RollDialogProps) {
  const [seconds, setSeconds] = useState<number>(86_400)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const chosen = overlaps.find((each) => each.seconds === seconds) ?? overlaps[2]
  const roll = async () => {
    setBusy(true)
    const sent = await sendJson<NewKey>('POST', `/api/me/api_keys/${row.id}/rotate`, {
      overlap_seconds: seconds,
    })
    setBusy(false)
    if (sent.ok)
      onRolled(
        sent.body,
        `takes over with the same role and workspaces; ${chosen.after}.`,
        row.workspaceId === null,
      )
    else setRefusal(sent.reason)
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Roll ${row.name}?`}
      description="A new key with the same role and workspaces takes its place. Choose how long the old one still works, so that nothing stops in between."
      width={440}
      foot={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="primary" onClick={roll} busy={busy && 'Rolling…'}>
            Roll key
          </Button>
        </>
      }
    >
      <Field label="The old key ends">
        {(control) => (
          <Select
            {...control}
            value={String(seconds)}
            onChange={(event) => setSeconds(Number(event.target.value))}
          >
            {overlaps.map((each) => (
              <option key={each.seconds} value={each.seconds}>
                {each.words}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not rolled: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}
