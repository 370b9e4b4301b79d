import { TopBar } from '#app/_shell/top-bar.tsx'
import { SkeletonRows } from '#app/_ui/skeleton.tsx'

export default function Loading() {
  return (
    <>
      <TopBar crumbs={[{ label: 'Runs' }]} />
      <main id="main" className="page">
        <SkeletonRows label="Loading runs" rows={16} />
      </main>
    </>
  )
}
