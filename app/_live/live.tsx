'use client'
import { useRouter } from 'next/navigation'
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import type { Change, LiveTopic } from '#lib/domain/change.ts'
import { type LiveStatus, LiveStream } from './stream.ts'

const LiveContext = createContext<LiveStream | null>(null)

/** One event stream a tab. Pages say what they watch with `LiveTopicOf`, and fold with `useFold`. */
interface LiveProviderProps {
  readonly path: string
  /** Where the feed stood when the frame around the pages was rendered. */
  readonly cursor: string
  readonly children: ReactNode
}

export function LiveProvider({ path, cursor, children }: LiveProviderProps) {
  const router = useRouter()
  const refresh = useRef(() => router.refresh())
  // A newer cursor is no reason for a new stream: the one that runs knows better.
  const [first] = useState(cursor)
  const stream = useMemo(() => new LiveStream(path, first, () => refresh.current()), [path, first])
  useEffect(() => () => stream.close(), [stream])
  return <LiveContext.Provider value={stream}>{children}</LiveContext.Provider>
}

/** What this page watches, and the cursor it was rendered at; without one it shows nothing that changes. */
export function LiveTopicOf({ topic, cursor }: { readonly topic: LiveTopic; readonly cursor?: string }) {
  const stream = useContext(LiveContext)
  useEffect(() => stream?.watch(topic, cursor), [stream, topic, cursor])
  return null
}

const idle: LiveStatus = { kind: 'connecting' }
const none = () => () => {}

export function useLiveStatus(): LiveStatus {
  const stream = useContext(LiveContext)
  return useSyncExternalStore(stream?.onStatus ?? none, stream?.status ?? (() => idle), () => idle)
}

export function useReconnect(): () => void {
  const stream = useContext(LiveContext)
  return () => stream?.reconnect()
}

/** Calls back with every batch of changes. */
export function useChanges(listener: (changes: readonly Change[]) => void): void {
  const stream = useContext(LiveContext)
  const held = useRef(listener)
  useEffect(() => {
    held.current = listener
  })
  useEffect(() => stream?.onChanges((changes) => held.current(changes)), [stream])
}

/**
 * What the server rendered, with every change since folded in; and a way to change it here. When the server renders
 * anew, what arrived meanwhile is folded in again: folding twice is harmless, and losing a change would not be.
 */
export function useFold<State>(
  initial: State,
  fold: (state: State, changes: readonly Change[]) => State,
): readonly [State, (next: (state: State) => State) => void] {
  const stream = useContext(LiveContext)
  const [held, setHeld] = useState({ initial, state: initial })
  let current = held
  if (held.initial !== initial) {
    current = { initial, state: fold(initial, stream?.recent() ?? []) }
    setHeld(current)
  }
  const update = useCallback((next: (state: State) => State) => {
    setHeld((before) => {
      const state = next(before.state)
      return state === before.state ? before : { initial: before.initial, state }
    })
  }, [])
  useChanges((changes) => update((state) => fold(state, changes)))
  return [current.state, update]
}
