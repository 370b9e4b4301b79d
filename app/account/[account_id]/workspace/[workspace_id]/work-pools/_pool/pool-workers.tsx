import { Server } from 'lucide-react'
import Link from 'next/link'
import { Card } from '#app/_ui/card.tsx'
import { Command } from '#app/_ui/command.tsx'
import { KeepRow } from '#app/_ui/keep-row.tsx'
import { ShownLabel } from '#app/_ui/state.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Ago, Time } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { workerStatus } from '#app/_ui/work-status.tsx'
import type { PoolWorker } from '#lib/control/console/read-work-pool.ts'
import { shellWord } from '#lib/domain/orchestration/waiting/words.ts'
import { RemoveWorker } from './remove-worker.tsx'
import { StartWorker } from './start-worker.tsx'

const columns = [
  { head: 'Status', width: 128 },
  { head: 'Worker' },
  { head: 'Running', width: 88, num: true },
  { head: 'Last heartbeat', width: 140 },
  { head: 'Version', width: 180, from: 'xl' },
  { head: 'First seen', width: 130, from: 'xl' },
  { head: 'Actions', unseen: true, width: 44 },
] as const

interface PoolWorkersProps {
  readonly base: string
  readonly pool: { readonly name: string; readonly type: string }
  readonly workers: readonly PoolWorker[]
  /** Why the reader may not forget one; null: they may. */
  readonly why: string | null
}

/** The lines that start a worker of this pool; the agent of Rigel takes pools of the process type. */
export function workerCommands({
  name,
  type,
}: {
  readonly name: string
  readonly type: string
}): readonly string[] {
  const word = shellWord(name)
  const prefect = `prefect worker start --pool ${word}`
  return type === 'process' ? [prefect, `rigel worker start -p ${word}`] : [prefect]
}

export function PoolWorkers({ base, pool, workers, why }: PoolWorkersProps) {
  const online = workers.filter((worker) => worker.status === 'ONLINE').length
  const commands = workerCommands(pool)
  const path = `${base}/work-pools/work-pool/${encodeURIComponent(pool.name)}`
  return (
    <Card
      className="mb-4"
      title={
        <>
          Workers{' '}
          <span className="ml-1 font-normal text-ink-3 text-xs">
            {workers.length === 0 ? '' : `${formatCount(online)} of ${formatCount(workers.length)} online`}
          </span>
        </>
      }
      aside={workers.length === 0 ? null : <StartWorker poolName={pool.name} commands={commands} />}
    >
      {workers.length === 0 ? (
        <div className="grid justify-items-center gap-1 text-balance px-4 py-6 text-center text-ink-3">
          <Server aria-hidden size={16} />
          <h3 className="font-medium text-ink">No worker has come yet</h3>
          <p className="mb-2">
            Start one on a machine of yours; it takes runs of this pool and starts them there.
          </p>
          <div className="grid w-full max-w-110 grid-cols-1 gap-2">
            {commands.map((command) => (
              <Command key={command} command={command} />
            ))}
          </div>
        </div>
      ) : (
        <KeepRow ids={workers.map((worker) => worker.id)}>
          <Table caption="Workers" columns={columns} inset>
            {workers.map((worker) => {
              const shown = workerStatus(worker.status, worker.running)
              return (
                <tr key={worker.id}>
                  <td>
                    <ShownLabel shown={shown} />
                  </td>
                  <td className="end">
                    <Link
                      href={`${path}/worker/${worker.id}`}
                      className="row-link title-link block truncate font-medium"
                      title={worker.name}
                    >
                      {worker.name}
                    </Link>
                  </td>
                  <td className="hide num">{formatCount(worker.running)}</td>
                  <td className="text-ink-2" data-family={shown.family === 'crash' ? 'crash' : undefined}>
                    {worker.lastHeartbeatAt === null ? (
                      'Never'
                    ) : (
                      <span className={shown.family === 'crash' ? 'text-(--fg)' : undefined}>
                        <Ago at={worker.lastHeartbeatAt} />
                      </span>
                    )}
                  </td>
                  <td className="hide text-ink-2 max-xl:hidden">
                    {worker.clientVersion ?? <span className="text-ink-3">–</span>}
                  </td>
                  <td className="hide text-ink-2 max-xl:hidden">
                    <Time at={worker.createdAt} />
                  </td>
                  <td className="hide overflow-visible! p-0!">
                    {worker.status === 'OFFLINE' ? (
                      <RemoveWorker
                        base={base}
                        poolName={pool.name}
                        name={worker.name}
                        running={worker.running}
                        why={why}
                      />
                    ) : null}
                  </td>
                </tr>
              )
            })}
          </Table>
        </KeepRow>
      )}
    </Card>
  )
}
