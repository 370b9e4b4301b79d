'use client'
import { Check, Eye } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { Command } from '#app/_ui/command.tsx'
import { CopyButton } from '#app/_ui/copy-button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { loginCommands, type NewKey } from '#app/_ui/login-commands.ts'
import { SegmentedControl } from '#app/_ui/segmented.tsx'

interface ShownOnceDialogProps {
  readonly newKey: NewKey
  /** After the name: what the key may do, where, until when. */
  readonly sentence: string
  readonly origin: string
  readonly workspaceSlug?: string
  readonly onClose: () => void
}

const clients = ['rigel', 'prefect', '.env'] as const
type Client = (typeof clients)[number]

/** The one time that a key can be seen. It does not close by accident while the key is uncopied: it asks once. */
export function ShownOnceDialog({ newKey, sentence, origin, workspaceSlug, onClose }: ShownOnceDialogProps) {
  const [client, setClient] = useState<Client>('rigel')
  const [copied, setCopied] = useState(false)
  const [asked, setAsked] = useState(false)
  const commands = loginCommands({ key: newKey.key, origin, ...(workspaceSlug ? { workspaceSlug } : {}) })
  const Note = copied ? Check : Eye
  const noteCopied = () => setCopied(true)
  const lines = {
    rigel: [commands.rigel],
    prefect: [commands.prefectApi, commands.prefect],
    '.env': [commands.env],
  } as const satisfies Record<Client, readonly string[]>
  return (
    <Dialog
      open
      onOpenChange={onClose}
      mayClose={() => {
        if (copied || asked) return true
        setAsked(true)
        return false
      }}
      title="Key generated"
      description={
        <>
          <b className="font-medium text-ink">{newKey.name}</b> {sentence}
        </>
      }
      foot={
        <Button
          onClick={() => {
            if (copied || asked) onClose()
            else setAsked(true)
          }}
        >
          {asked && !copied ? 'Close without copying' : 'Done'}
        </Button>
      }
    >
      <div>
        <p className="mb-1.5 font-medium">Your key</p>
        <div className="flex min-h-11 items-center gap-2 rounded-md border border-line bg-sunken py-1 pr-1.5 pl-3">
          <code className="flex-1 py-1 font-mono text-xs [overflow-wrap:anywhere]">{newKey.key}</code>
          <CopyButton text={newKey.key} label="Copy key" kind="primary" onCopied={noteCopied}>
            Copy
          </CopyButton>
        </div>
        <p
          role={asked && !copied ? 'alert' : undefined}
          data-family={copied ? 'good' : 'late'}
          className="mt-2 flex items-start gap-1.5 text-(--fg) text-xs"
        >
          <Note aria-hidden size={14} className="mt-px flex-none" />
          {copied
            ? 'Copied. Rigel keeps only a hash and cannot show it again.'
            : asked
              ? 'You have not copied it yet. Once closed, it cannot be shown again.'
              : 'Copy it now. Rigel keeps only a hash and cannot show it again.'}
        </p>
      </div>
      <div>
        <p className="mb-1.5 font-medium">Log in with it</p>
        <SegmentedControl
          label="Client"
          value={client}
          onChange={setClient}
          options={clients.map((each) => ({ value: each, label: each }))}
          className="mb-2"
        />
        <div className="grid gap-2">
          {lines[client].map((line) => (
            <Command
              key={line}
              command={line}
              prompt={client === '.env' ? null : '$'}
              label={client === '.env' ? 'Copy lines' : 'Copy command'}
              onCopied={noteCopied}
              wrap
            >
              <span className="whitespace-pre-wrap">{line}</span>
            </Command>
          ))}
        </div>
      </div>
    </Dialog>
  )
}
