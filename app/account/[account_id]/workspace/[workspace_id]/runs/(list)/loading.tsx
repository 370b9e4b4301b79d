import { LoadingList } from '#app/_ui/loading-list.tsx'

export default function Loading() {
  return <LoadingList title="Runs" nouns="runs" />
}
