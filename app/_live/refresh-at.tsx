'use client'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

/** What has just ended is gone by then. */
const settleMs = 500
/** Longer waits than this are begun anew by whatever refreshes the page meanwhile. */
const longestMs = 3_600_000

/** Reads the page anew when something that it shows ends by the clock alone, which nobody tells: a lease that is not renewed. */
export function RefreshAt({ at }: { readonly at: string | null }) {
  const router = useRouter()
  useEffect(() => {
    if (at === null) return
    const waitMs = Date.parse(at) - Date.now() + settleMs
    if (waitMs > longestMs) return
    const timer = setTimeout(() => router.refresh(), Math.max(settleMs, waitMs))
    return () => clearTimeout(timer)
  }, [at, router])
  return null
}
