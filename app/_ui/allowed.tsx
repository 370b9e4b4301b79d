import type { ReactNode } from 'react'
import type { Entered } from '#app/_server/enter.ts'
import { whyNot } from '#app/_server/why-not.ts'
import type { WorkspaceScope } from '#lib/domain/access/scopes.ts'
import type { ButtonSize } from './button.tsx'
import { Withheld } from './withheld.tsx'

interface AllowedProps {
  readonly entered: Pick<Entered, 'ctx' | 'place'>
  readonly needs: WorkspaceScope
  /** What the button says, for whoever may not press it. */
  readonly verb: string
  readonly size?: ButtonSize
  readonly children: ReactNode
}

/** What needs a permission; for whoever lacks it, the verb with the reason. */
export function Allowed({ entered, needs, verb, size, children }: AllowedProps) {
  const why = whyNot(entered, needs)
  return why === null ? (
    children
  ) : (
    <Withheld why={why} {...(size ? { size } : {})}>
      {verb}
    </Withheld>
  )
}
