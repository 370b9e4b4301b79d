import { randomUUID } from 'node:crypto'
import { backoffMs } from '../connection/backoff.js'
import { Unreachable, type WorkspaceApi } from '../connection/workspace-api.js'
import { type Deployed, upsertDeployment } from '../deploy/deploy-flow.js'
import type { ServeOptions } from '../deploy/options.js'
import { type Fields, fieldsOf, listOf, textOf } from '../record/fields.js'
import type { FlowHandle } from '../sdk/flow-handle.js'
import { isHosted } from '../settings/hosted.js'
import { workOf } from './claimed-work.js'
import { openHost } from './open-host.js'
import { RunHost } from './run-host.js'
import { listenForEnd, pause } from './signals.js'

const POLL_MS = 2_000
/** Runs are asked for so long before they are due, so that they start on time between two polls. */
const PREFETCH_MS = 10_000
const BEAT_MS = 30_000
/** What a sign of life of this kind is good for is longer; that the run begins is to be known sooner. */
const LEASE_SECONDS = 60
const BACKOFF = { baseMs: 500, capMs: 10_000 }
const say = (line: string): void => {
  process.stderr.write(`rigel: ${line}\n`)
}

/** Deploys the flow and executes its runs from here. In a process that executes one run nothing happens. */
export async function serveFlow(flow: FlowHandle, options: ServeOptions): Promise<void> {
  if (isHosted()) return
  const { limit = 10, drainSeconds = 30, pauseOnShutdown = true } = options
  if (!(Number.isSafeInteger(limit) && limit > 0))
    throw new RangeError(`limit must be 1 or more, not ${limit}`)
  const opened = await openHost()
  // Whoever served it before has paused it.
  const deployed = await upsertDeployment(flow, options, { paused: false })
  const host = new RunHost({ ...opened, say, who: `the process that serves ${deployed.fullName}` })
  const end = listenForEnd((signal) => say(`${signal}: starting nothing more`), options.signal)
  say(`serving ${deployed.fullName} ${deployed.url}`)
  const stopped = new AbortController()
  const beating = beatUntil(deployed, host, stopped.signal)
  try {
    await new Server(deployed, host, limit).run(end.drain)
    if (pauseOnShutdown) await pauseDeployment(deployed)
    if (host.size > 0) say(`waiting up to ${drainSeconds} s for ${host.size} runs`)
    await host.drain(drainSeconds, end.hurry, end.kill)
  } finally {
    stopped.abort()
    end.close()
    await beating
    await opened.reporter.close()
  }
}

class Server {
  private deployment: Fields = {}
  /** Runs that are known and not yet due. */
  private readonly waiting = new Set<string>()
  private isReached = true

  constructor(
    private readonly deployed: Deployed,
    private readonly host: RunHost,
    private readonly limit: number,
  ) {}

  async run(drain: AbortSignal): Promise<void> {
    const { api, id } = this.deployed
    this.deployment = fieldsOf(await api.get(`deployments/${id}`))
    for (let failures = 0; !drain.aborted; ) {
      let waitMs = POLL_MS
      try {
        await this.poll(drain)
        failures = 0
        if (!this.isReached) say('the control plane answers again')
        this.isReached = true
      } catch (error) {
        if (drain.aborted) return
        if (!(error instanceof Unreachable)) throw error
        if (this.isReached) say(`${error.message}. Runs go on; trying again`)
        this.isReached = false
        waitMs = backoffMs(++failures, BACKOFF)
      }
      await pause(waitMs, drain)
    }
  }

  private async poll(drain: AbortSignal): Promise<void> {
    const free = this.limit - this.host.size - this.waiting.size
    if (free <= 0) return
    const due = await this.deployed.api.post(
      'deployments/get_scheduled_flow_runs',
      {
        deployment_ids: [this.deployed.id],
        scheduled_before: new Date(Date.now() + PREFETCH_MS).toISOString(),
        limit: Math.min(200, free + this.waiting.size),
      },
      { signal: drain },
    )
    for (const each of listOf(due)) {
      const flowRun = fieldsOf(each)
      const id = textOf(flowRun.id)
      if (this.waiting.has(id) || this.host.has(id) || this.host.size + this.waiting.size >= this.limit)
        continue
      this.waiting.add(id)
      const untilDueMs = Date.parse(textOf(flowRun.next_scheduled_start_time)) - Date.now()
      void pause(Math.max(0, untilDueMs) || 0, drain)
        .then(() => (drain.aborted ? undefined : this.claim(flowRun)))
        .catch((error: Error) => say(`run ${textOf(flowRun.name)} could not be claimed: ${error.message}`))
        .finally(() => this.waiting.delete(id))
    }
  }

  /** Of several processes that serve the deployment, the one whose proposal is accepted executes the run. */
  private async claim(flowRun: Fields): Promise<void> {
    const id = textOf(flowRun.id)
    const state = { type: 'PENDING', name: 'Pending', state_details: { transition_id: randomUUID() } }
    const answer = fieldsOf(await this.deployed.api.post(`flow_runs/${id}/set_state`, { state }))
    if (answer.status !== 'ACCEPT') return
    const accepted = fieldsOf(answer.state)
    const token = textOf(fieldsOf(accepted.state_details).claim_token) || null
    try {
      const claim = { flowRun: { ...flowRun, state: accepted }, token, deployment: this.deployment }
      this.host.start(workOf(claim, {}), LEASE_SECONDS)
      await beat(this.deployed.api, [id])
    } catch (error) {
      await this.host.refuse(id, token, (error as Error).message)
    }
  }
}

async function beatUntil({ api }: Deployed, host: RunHost, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    await pause(BEAT_MS, stopped)
    await beat(
      api,
      host.claims.map((claim) => claim.flow_run_id),
    )
    await host.deliverLeftovers()
  }
}

/** Signs of life of what runs here, in the form that every client may send. */
async function beat(api: WorkspaceApi, flowRunIds: readonly string[]): Promise<void> {
  const events = flowRunIds.map((id) => ({
    id: randomUUID(),
    occurred: new Date().toISOString(),
    event: 'prefect.flow-run.heartbeat',
    resource: { 'prefect.resource.id': `prefect.flow-run.${id}` },
    related: [],
    payload: {},
  }))
  // The next one says the same.
  if (events.length > 0) await api.post('events', events).catch(() => {})
}

async function pauseDeployment({ api, id, fullName }: Deployed): Promise<void> {
  try {
    await api.patch(`deployments/${id}`, { paused: true }, { timeoutMs: 5_000 })
    say(`paused ${fullName}: nothing is scheduled until it is served or resumed`)
  } catch (error) {
    say(`${fullName} could not be paused: ${(error as Error).message}`)
  }
}
