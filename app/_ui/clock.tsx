'use client'
import { createContext, type ReactNode, useContext, useEffect, useSyncExternalStore } from 'react'

interface Frame {
  readonly zone: string
  readonly renderedAtMs: number
}

const FrameContext = createContext<Frame>({ zone: 'UTC', renderedAtMs: 0 })

interface FrameProps {
  /** The zone the server believed in, from the cookie this provider keeps. */
  readonly zone: string
  readonly renderedAtMs: number
  readonly children: ReactNode
}

/** Gives times below it a zone and a now that server and browser agree on while hydrating. */
export function TimeFrame({ zone, renderedAtMs, children }: FrameProps) {
  useEffect(() => {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing over plain HTTP
    if (here !== zone) document.cookie = `rigel-zone=${here}; path=/; max-age=31536000; samesite=lax`
  }, [zone])
  return <FrameContext.Provider value={{ zone, renderedAtMs }}>{children}</FrameContext.Provider>
}

const never = () => () => {}

export function useZone(): string {
  const { zone } = useContext(FrameContext)
  return useSyncExternalStore(
    never,
    () => Intl.DateTimeFormat().resolvedOptions().timeZone,
    () => zone,
  )
}

/** One interval a period for the whole page, running only while something listens. */
function makeTicker(periodMs: number) {
  const listeners = new Set<() => void>()
  let timer: ReturnType<typeof setInterval> | undefined
  let nowMs = 0
  return {
    subscribe(listener: () => void) {
      listeners.add(listener)
      if (timer === undefined) {
        nowMs = Date.now()
        timer = setInterval(() => {
          nowMs = Date.now()
          for (const each of listeners) each()
        }, periodMs)
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
    /** Stable between ticks, as a store must be. */
    read() {
      if (timer === undefined && Date.now() - nowMs > periodMs) nowMs = Date.now()
      return nowMs
    },
  }
}

const tickers = { second: makeTicker(1000), minute: makeTicker(15_000) }

/** Now, ticking each second (what runs) or a few times a minute (what is "today"). */
export function useNowMs(precision: keyof typeof tickers = 'minute'): number {
  const { renderedAtMs } = useContext(FrameContext)
  const ticker = tickers[precision]
  return useSyncExternalStore(ticker.subscribe, ticker.read, () => renderedAtMs)
}

/** When this page was rendered. */
export const useRenderedAtMs = (): number => useContext(FrameContext).renderedAtMs
