'use client'
import { Check, Copy } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { buttonClass, iconButtonClass } from './button.tsx'
import { cx } from './class-names.ts'

interface CopyButtonProps {
  readonly text: string
  /** The accessible name: what is copied. */
  readonly label: string
  /** Shown beside the icon; without it the button is a lone icon. */
  readonly children?: string
  readonly kind?: 'ghost' | 'plain' | 'primary'
  readonly onCopied?: () => void
  readonly className?: string
}

async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text)
  // Self-hosted over plain HTTP: the clipboard API is absent there, the old command is not.
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  area.style.opacity = '0'
  // Inside a dialog focus is held; the area must stand where focus may go.
  const host = document.activeElement?.closest('[role=dialog]') ?? document.body
  host.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

/** Becomes a tick for 1.5 s and announces it. */
export function CopyButton({ text, label, children, kind = 'ghost', onCopied, className }: CopyButtonProps) {
  const [copied, setCopied] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const copy = async () => {
    await writeClipboard(text)
    setCopied(true)
    onCopied?.()
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setCopied(false), 1500)
  }
  const Icon = copied ? Check : Copy
  return (
    <>
      <button
        type="button"
        aria-label={label}
        title={children ? undefined : label}
        onClick={copy}
        className={cx(
          children ? buttonClass({ kind, size: 'sm' }) : iconButtonClass({ kind, size: 'sm' }),
          className,
        )}
      >
        <Icon aria-hidden size={14} />
        {children}
      </button>
      <span role="status" className="sr-only">
        {copied ? 'Copied' : ''}
      </span>
    </>
  )
}
