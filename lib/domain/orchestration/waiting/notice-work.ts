import { formatInstant } from '../../time.ts'
import { canRun, type Language, languageOf } from '../../work/language.ts'
import { POLLED_LATELY_SECONDS } from '../../work/status.ts'
import type { HelpfulAction, Noticing, RunSight, WorkPoolSight } from './waiting.ts'
import { act, command, pageOf, spell } from './words.ts'

/** Who should take the run, and is paused, away or was never there. */

const POLLED_LATELY_MICROS = POLLED_LATELY_SECONDS * 1_000_000

export const noticePausedPool: Noticing = ({ run, pool, facts }) => {
  if (run.state?.type !== 'SCHEDULED' || pool?.paused == null) return []
  const { by, sinceMicros } = pool.paused
  return [
    {
      rule: 'noticePausedPool',
      title: `Work pool “${pool.name}” is paused`,
      detail: `It was paused${by === null ? '' : ` by ${by}`} ${spell(facts.nowMicros - sinceMicros)} ago, and hands out no runs.`,
      facts: { work_pool_name: pool.name, paused_by: by, paused_since: formatInstant(sinceMicros) },
      sinceMicros,
      forecastMicros: null,
      action: act(
        'Resume the work pool',
        command`prefect work-pool resume ${pool.name}`,
        pageOf('work-pool', pool.name),
      ),
      links: [{ kind: 'work-pool', id: pool.id, name: pool.name }],
    },
  ]
}

export const noticePausedQueue: Noticing = ({ run, pool, queue, facts }) => {
  if (run.state?.type !== 'SCHEDULED' || queue?.paused == null) return []
  const { by, sinceMicros } = queue.paused
  return [
    {
      rule: 'noticePausedQueue',
      title: `Work queue “${queue.name}” is paused`,
      detail: `It was paused${by === null ? '' : ` by ${by}`} ${spell(facts.nowMicros - sinceMicros)} ago, and hands out no runs.`,
      facts: { work_queue_name: queue.name, paused_by: by, paused_since: formatInstant(sinceMicros) },
      sinceMicros,
      forecastMicros: null,
      action: act(
        'Resume the work queue',
        pool === null
          ? command`prefect work-queue resume ${queue.name}`
          : command`prefect work-queue resume ${queue.name} --pool ${pool.name}`,
        pageOf('work-queue', queue.id),
      ),
      links: [{ kind: 'work-queue', id: queue.id, name: queue.name }],
    },
  ]
}

export const noticeNoWorker: Noticing = (sight) => {
  const { run, pool, facts } = sight
  if (run.state?.type !== 'SCHEDULED' || pool === null || run.policy.retry_type === 'in_process') return []
  const polledLately =
    pool.lastPolledMicros !== null && facts.nowMicros - pool.lastPolledMicros <= POLLED_LATELY_MICROS
  // Agents of clients 2.x poll without being workers.
  if (pool.onlineWorkers > 0 || polledLately) return []
  const seen = Math.max(pool.lastWorker?.seenMicros ?? 0, pool.lastPolledMicros ?? 0)
  const detail =
    seen === 0
      ? `No worker has ever polled the work pool.`
      : `No worker has polled it for ${spell(facts.nowMicros - seen)}${
          pool.lastWorker === null ? '' : `; the last was “${pool.lastWorker.name}”`
        }.`
  return [
    {
      rule: 'noticeNoWorker',
      title: `No worker is online in “${pool.name}”`,
      detail,
      facts: {
        work_pool_name: pool.name,
        work_pool_type: pool.type,
        online_workers: pool.onlineWorkers,
        last_polled: seen === 0 ? null : formatInstant(seen),
        last_worker: pool.lastWorker?.name ?? null,
      },
      sinceMicros: seen === 0 ? null : seen,
      forecastMicros: null,
      action: startWorker(sight, pool),
      links: [
        { kind: 'work-pool', id: pool.id, name: pool.name },
        ...(pool.lastWorker === null
          ? []
          : [{ kind: 'worker' as const, id: pool.lastWorker.id, name: pool.lastWorker.name }]),
      ],
    },
  ]
}

/** Workers are there, and none of them runs what the flow is written in. */
export const noticeUnfitWorkers: Noticing = (sight) => {
  const { run, deployment, pool } = sight
  const language = languageOfRun(sight)
  if (run.state?.type !== 'SCHEDULED' || pool === null || deployment === null || language === null) return []
  if (run.policy.retry_type === 'in_process') return []
  if (pool.onlineWorkers === 0 || pool.theyRun.some((capability) => canRun(capability, language))) return []
  const theirs = pool.theyRun.flatMap((capability) => (capability === 'any' ? [] : named[capability]))
  return [
    {
      rule: 'noticeUnfitWorkers',
      title: `No worker of “${pool.name}” runs ${named[language]}`,
      detail:
        `The entrypoint of the deployment, ${deployment.entrypoint}, is ${named[language]}; ` +
        (pool.onlineWorkers === 1
          ? `the only worker that is online runs ${theirs.join(' and ')}.`
          : `the ${pool.onlineWorkers} workers that are online run ${theirs.join(' and ')}.`),
      facts: {
        work_pool_name: pool.name,
        entrypoint: deployment.entrypoint,
        language,
        online_workers: pool.onlineWorkers,
        workers_run: pool.theyRun,
      },
      sinceMicros: null,
      forecastMicros: null,
      action: startWorker(sight, pool),
      links: [
        { kind: 'work-pool', id: pool.id, name: pool.name },
        { kind: 'deployment', id: deployment.id, name: deployment.name },
      ],
    },
  ]
}

/** A deployment without a work queue runs in the process that serves it, if there is one. */
export const noticeNotServed: Noticing = (sight) => {
  const { run, deployment, pool, facts } = sight
  if (run.state?.type !== 'SCHEDULED' || deployment === null || pool !== null) return []
  if (run.policy.retry_type === 'in_process') return []
  const polled = deployment.lastPolledMicros
  if (polled !== null && facts.nowMicros - polled <= POLLED_LATELY_MICROS) return []
  const since =
    polled === null ? 'has ever asked' : `has asked for its runs for ${spell(facts.nowMicros - polled)}`
  return [
    {
      rule: 'noticeNotServed',
      title: `Nothing serves “${deployment.flowName}/${deployment.name}”`,
      detail:
        `The deployment names no work pool, and no process ${polled === null ? `${since} for its runs` : since}.` +
        (deployment.paused ? ' It is paused, as it is when the process that served it ends.' : ''),
      facts: {
        deployment_name: deployment.name,
        paused: deployment.paused,
        last_polled: polled === null ? null : formatInstant(polled),
      },
      sinceMicros: polled,
      forecastMicros: null,
      action: act(
        'Start the process that serves it',
        languageOfRun(sight) === 'typescript' && deployment.entrypoint !== null
          ? command`rigel serve ${deployment.entrypoint}`
          : null,
        pageOf('deployment', deployment.id),
      ),
      links: [{ kind: 'deployment', id: deployment.id, name: deployment.name }],
    },
  ]
}

const named = { python: 'Python', typescript: 'TypeScript' } as const satisfies Record<Language, string>

const languageOfRun = ({ deployment }: RunSight): Language | null =>
  languageOf(deployment?.entrypoint ?? null)

/** One that can run it: Rigel's own runs JavaScript and TypeScript, the others Python. */
const startWorker = (sight: RunSight, pool: WorkPoolSight): HelpfulAction => {
  const isOurs = languageOfRun(sight) === 'typescript'
  return act(
    isOurs ? 'Start a worker' : 'Start a Prefect worker',
    isOurs ? command`rigel worker start -p ${pool.name}` : command`prefect worker start --pool ${pool.name}`,
    pageOf('work-pool', pool.name),
  )
}
