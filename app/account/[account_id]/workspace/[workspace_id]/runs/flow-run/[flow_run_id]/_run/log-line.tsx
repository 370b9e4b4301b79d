'use client'
import Link from 'next/link'
import { memo } from 'react'
import { useZone } from '#app/_ui/clock.tsx'
import { formatFull, formatMillis } from '#app/_ui/times.ts'
import type { LogRow } from '#lib/control/console/rows.ts'
import { type LogQuery, runHref } from './tabs.ts'

const shortLevel = (level: number): string =>
  level >= 50 ? 'FATAL' : level >= 40 ? 'ERROR' : level >= 30 ? 'WARN' : level >= 20 ? 'INFO' : 'DEBUG'

interface LineProps {
  readonly row: LogRow
  readonly path: string
  readonly query: LogQuery
  readonly task: string
  readonly flow: string
}

export const LogLine = memo(function Line({ row, path, query, task, flow }: LineProps) {
  const zone = useZone()
  const ms = Date.parse(row.at)
  const family = row.level >= 40 ? 'fail' : row.level >= 30 ? 'late' : undefined
  const linked = query.line === row.line
  return (
    <div
      data-family={family}
      className={`grid gap-x-2 px-3 font-mono text-xs leading-5 hover:bg-hover max-sm:grid-cols-[62px_minmax(0,1fr)] max-sm:py-[3px] max-sm:text-[11.5px] max-sm:leading-[17px] sm:grid-cols-[44px_96px_48px_minmax(0,1fr)] lg:grid-cols-[44px_96px_48px_190px_minmax(0,1fr)] ${linked ? (family === 'fail' ? 'bg-(--tint)' : 'bg-accent-tint') : ''} ${family === 'fail' ? 'shadow-[inset_2px_0_0_var(--mk)]' : ''}`}
    >
      <Link
        href={runHref(path, 'logs', { ...query, upTo: null, line: row.line })}
        scroll={false}
        prefetch={false}
        replace
        aria-label={`Link to line ${row.line}`}
        className="select-none text-right text-ink-3 hover:text-ink max-sm:hidden"
      >
        {row.line}
      </Link>
      <time dateTime={row.at} title={formatFull(ms, zone)} className="text-ink-3">
        <span className="max-sm:hidden">{formatMillis(ms, zone)}</span>
        <span className="sm:hidden">{formatMillis(ms, zone).slice(0, 8)}</span>
      </time>
      <span className={`max-sm:sr-only ${family ? 'text-(--fg)' : 'text-ink-3'}`}>
        {shortLevel(row.level)}
      </span>
      <span className="truncate text-ink-3 max-lg:hidden" title={task || flow}>
        {task || flow}
      </span>
      <span className={`whitespace-pre-wrap [overflow-wrap:anywhere] ${family ? 'text-(--fg)' : ''}`}>
        {row.message}
      </span>
    </div>
  )
})
