import type { ReactNode } from 'react'

interface PageHeaderProps {
  readonly title: ReactNode
  readonly badge?: ReactNode
  readonly sub?: ReactNode
  readonly actions?: ReactNode
}

export function PageHeader({ title, badge, sub, actions }: PageHeaderProps) {
  return (
    <div className="mb-3 flex items-start gap-4 max-sm:flex-wrap max-sm:gap-3">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1.5">
          <h1
            className="min-w-0 truncate font-semibold text-xl tracking-[-0.015em] max-sm:whitespace-normal max-sm:[overflow-wrap:anywhere]"
            title={typeof title === 'string' ? title : undefined}
          >
            {title}
          </h1>
          {badge}
        </div>
        {sub ? <div className="text-ink-3">{sub}</div> : null}
      </div>
      {actions ? (
        <div className="ml-auto flex flex-none gap-2 max-sm:ml-0 max-sm:w-full max-sm:*:flex-1">
          {actions}
        </div>
      ) : null}
    </div>
  )
}
