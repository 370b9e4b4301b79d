'use client'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Kbd } from '#app/_ui/kbd.tsx'
import { footItems, navItems } from './nav.ts'

export default function ShortcutSheet({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} title="Keyboard shortcuts" width={440}>
      <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-2">
        {[...navItems, ...footItems]
          .filter((item) => item.key)
          .map((item) => (
            <Row key={item.path} what={item.label} keys={['g', item.key ?? '']} />
          ))}
        <Row what="Search this page" keys={['/']} />
        <Row what="Next, previous run of a list" keys={['j', 'k']} />
        <Row what="Select the run" keys={['x']} />
        <Row what="Next error in logs" keys={['e']} />
        <Row what="Follow logs" keys={['f']} />
        <Row what="All shortcuts" keys={['?']} />
        <Row what="Close" keys={['Esc']} />
      </dl>
    </Dialog>
  )
}

function Row({ what, keys }: { readonly what: string; readonly keys: readonly string[] }) {
  return (
    <>
      <dt className="text-ink-2">{what}</dt>
      <dd className="flex justify-end gap-1">
        {keys.map((key) => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </dd>
    </>
  )
}
