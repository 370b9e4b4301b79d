'use client'
import { Check } from 'lucide-react'
import { useEffect } from 'react'
import { Toaster as Sonner, toast } from 'sonner'
import { ShownIcon } from './state.tsx'

// What was said before the list was on the page waits for it.
let mounted = false
const waiting: (() => void)[] = []

export function show(kind: 'done' | 'failed', sentence: string): void {
  const say = () => {
    if (kind === 'done') toast.success(sentence)
    else toast.error(sentence, { duration: Number.POSITIVE_INFINITY, closeButton: true })
  }
  if (mounted) say()
  else waiting.push(say)
}

export default function Toasts() {
  useEffect(() => {
    mounted = true
    for (const say of waiting.splice(0)) say()
  }, [])
  return (
    <Sonner
      position="bottom-right"
      duration={6000}
      visibleToasts={3}
      icons={{
        success: <Check aria-hidden size={14} />,
        error: <ShownIcon shown={{ family: 'fail', glyph: 'failed', word: '' }} size={16} />,
      }}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            'flex w-full max-w-100 items-center gap-2.5 rounded-lg bg-raised px-3 py-2.5 text-ink shadow-pop font-sans text-sm',
          content: 'flex-1',
          actionButton: 'link font-medium',
          closeButton: 'order-last text-ink-3',
        },
      }}
    />
  )
}
