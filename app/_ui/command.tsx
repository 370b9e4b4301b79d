import type { ReactNode } from 'react'
import { cx } from './class-names.ts'
import { CopyButton } from './copy-button.tsx'

interface CommandProps {
  /** Complete: pasted as it is, it works. */
  readonly command: string
  /** What is shown instead of the command where a part is a placeholder. */
  readonly children?: ReactNode
  readonly prompt?: string | null
  readonly label?: string
  readonly onCopied?: () => void
  readonly wrap?: boolean
  readonly className?: string
}

/** Mono on sunken; the prompt is not selectable, the copy button is always visible. */
export function Command({
  command,
  children,
  prompt = '$',
  label = 'Copy command',
  onCopied,
  wrap,
  className,
}: CommandProps) {
  return (
    <div
      className={cx(
        'flex min-h-9 items-center gap-2 rounded-md border border-line bg-sunken py-1 pr-1 pl-3 font-mono text-xs',
        className,
      )}
    >
      {prompt ? (
        <span aria-hidden className="select-none text-ink-3">
          {prompt}
        </span>
      ) : null}
      <code
        className={cx(
          'min-w-0 flex-1 text-left',
          wrap
            ? '[overflow-wrap:anywhere]'
            : 'truncate max-sm:whitespace-normal max-sm:[overflow-wrap:anywhere]',
        )}
        title={wrap ? undefined : command}
      >
        {children ?? <WholeFlags text={command} />}
      </code>
      <CopyButton text={command} label={label} {...(onCopied ? { onCopied } : {})} className="font-sans" />
    </div>
  )
}

/** Breaks between words: a browser would break `--url` after its dashes. */
export const WholeFlags = ({ text }: { readonly text: string }): ReactNode =>
  text.split(/(?<=\s)(-[\w-]+)/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place in the command
      <span key={index} className="whitespace-nowrap">
        {part}
      </span>
    ),
  )
