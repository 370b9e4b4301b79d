'use client'
import dynamic from 'next/dynamic'
import { useSyncExternalStore } from 'react'

// The toaster's code comes with the first toast: most visits have none.
const Toasts = dynamic(() => import('./toasts.tsx'), { ssr: false })

let wanted = false
const listeners = new Set<() => void>()
const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Bottom right, top on a phone; one line, 6 s; failures stay until closed. Nothing that matters is only a toast. */
export function Toaster() {
  const shown = useSyncExternalStore(
    subscribe,
    () => wanted,
    () => false,
  )
  return shown ? <Toasts /> : null
}

async function send(kind: 'done' | 'failed', sentence: string): Promise<void> {
  wanted = true
  for (const listener of listeners) listener()
  const { show } = await import('./toasts.tsx')
  show(kind, sentence)
}

export const toastDone = (sentence: string) => void send('done', sentence)
export const toastFailed = (sentence: string) => void send('failed', sentence)
