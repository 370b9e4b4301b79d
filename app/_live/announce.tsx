'use client'
import { useCallback, useEffect, useRef, useState } from 'react'

const quietMs = 5000

/** Says the newest message to screen readers, politely, at most one in five seconds. */
export function useAnnouncer(): {
  readonly say: (message: string) => void
  readonly region: React.ReactNode
} {
  const [spoken, setSpoken] = useState('')
  const waiting = useRef<string>(undefined)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const say = useCallback((message: string) => {
    waiting.current = message
    if (timer.current !== undefined) return
    const speak = () => {
      if (waiting.current === undefined) {
        timer.current = undefined
        return
      }
      setSpoken(waiting.current)
      waiting.current = undefined
      timer.current = setTimeout(speak, quietMs)
    }
    speak()
  }, [])
  const region = (
    <span role="status" className="sr-only">
      {spoken}
    </span>
  )
  return { say, region }
}
