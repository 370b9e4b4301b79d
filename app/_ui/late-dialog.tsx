'use client'
import { type ComponentType, createElement, lazy, Suspense, useState } from 'react'
import { OpenerContext, openerOf } from './opener.ts'

/**
 * A dialog whose code comes when it is opened, so that no page weighs more for it at first. It waits for that behind a
 * boundary of its own: without one the page as a whole would give way to its skeleton, and whoever works by keyboard would
 * lose their place.
 */
export function lateDialog<Props extends object>(
  fetchDialog: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  const Late = lazy(async () => ({ default: await fetchDialog() }))
  // biome-ignore lint/correctness/noComponentHookFactories: called once for a dialog, as a file is read
  return function LateDialog(props: Props) {
    const [opener] = useState(openerOf)
    return (
      <OpenerContext value={opener}>
        <Suspense fallback={null}>{createElement(Late, props)}</Suspense>
      </OpenerContext>
    )
  }
}
