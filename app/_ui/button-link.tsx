import Link from 'next/link'
import type { ComponentProps } from 'react'
import { buttonClass, type Look } from './button.tsx'
import { cx } from './class-names.ts'

export function ButtonLink({ kind, size, className, ...rest }: Look & ComponentProps<typeof Link>) {
  return <Link className={cx(buttonClass({ kind, size }), className)} {...rest} />
}
