import { TopBar } from '#app/_shell/top-bar.tsx'
import { SkeletonRows } from './skeleton.tsx'

/** A list that is on its way. It stands beside the list alone: around single things it would answer 200 for what is not there. */
export function LoadingList({ title, nouns }: { readonly title: string; readonly nouns: string }) {
  return (
    <>
      <TopBar crumbs={[{ label: title }]} />
      <main id="main" className="page">
        <SkeletonRows label={`Loading ${nouns}`} rows={16} />
      </main>
    </>
  )
}
