'use client'
import { Check } from 'lucide-react'
import { Toaster as Sonner, toast } from 'sonner'
import { ShownIcon } from './state.tsx'

/** Bottom right, top on a phone; one line, 6 s; failures stay until closed. Nothing that matters is only a toast. */
export function Toaster() {
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

export const toastDone = (sentence: string) => toast.success(sentence)
export const toastFailed = (sentence: string) =>
  toast.error(sentence, { duration: Number.POSITIVE_INFINITY, closeButton: true })
