import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { isFinal } from '../connection/outbox/open-runs.js'
import type { StateType } from '../protocol/frames.js'
import { type Fields, fieldsOf, listOf, textOf } from '../record/fields.js'
import { isPython } from '../worker/claimed-work.js'
import { type Answer, ControlPlane } from './control-plane.js'

export interface PlannedRun {
  readonly id: string
  readonly name: string
  readonly deploymentId: string
  readonly parameters: Fields
  readonly empiricalPolicy: Fields
  /** Names of the states in the order of their coming. */
  readonly states: { readonly type: StateType; readonly name: string; readonly message: string }[]
  token: string | null
  pid: string
}

const LONG_POLL_MS = 1_000

/** A control plane with one work pool, which hands out the runs that a test plans, as the real one does. */
export class WorkPlane {
  readonly runs = new Map<string, PlannedRun>()
  readonly deployments = new Map<string, Fields>()
  readonly pools = new Map<string, Fields>()
  readonly flows = new Map<string, string>()
  readonly beats: Fields[] = []
  /** Names of workers that have a row. */
  readonly workers = new Set<string>()
  /** Runs whose claim the next sign of life is told to be lost. */
  readonly lost = new Set<string>()

  private constructor(readonly plane: ControlPlane) {
    plane.more = (method, path, body, hungUp) => this.answer(method, path, body, hungUp)
    plane.onRecord = (record) => {
      if (record.kind === 'flow-run-state') {
        const { type, name = type, message = '', claimToken } = record.state
        this.move(record.flowRunId, { type, name, message }, claimToken ?? null)
      }
    }
  }

  static async start(): Promise<WorkPlane> {
    const plane = await ControlPlane.start()
    onTestFinished(() => plane.stop())
    return new WorkPlane(plane)
  }

  addPool(name: string, more: Fields = {}): void {
    this.pools.set(name, {
      id: randomUUID(),
      name,
      type: 'process',
      is_paused: false,
      base_job_template: {},
      ...more,
    })
  }

  deployment(entrypoint: string, path: string, more: Fields = {}): string {
    const id = randomUUID()
    this.deployments.set(id, { id, name: 'test', entrypoint, path, job_variables: {}, labels: {}, ...more })
    return id
  }

  /** Makes a run that is due. */
  plan(deploymentId: string, parameters: Fields = {}, empiricalPolicy: Fields = {}): PlannedRun {
    const id = randomUUID()
    const run: PlannedRun = {
      id,
      name: `run-${this.runs.size + 1}`,
      deploymentId,
      parameters,
      empiricalPolicy,
      states: [{ type: 'SCHEDULED', name: 'Scheduled', message: '' }],
      token: null,
      pid: '',
    }
    this.runs.set(id, run)
    this.plane.changed()
    return run
  }

  stateOf = (run: PlannedRun): PlannedRun['states'][number] =>
    run.states.at(-1) ?? { type: 'PENDING', name: 'Pending', message: '' }

  /** Resolves when the run is in the state of that name. */
  until(run: PlannedRun, name: string): Promise<void> {
    return this.plane.until(() => this.stateOf(run).name === name, `${run.name} in state ${name}`)
  }

  /** What was recorded as lines of the run, of one logger. */
  lines(run: PlannedRun, logger: string): string[] {
    return this.plane.records.flatMap((each) =>
      each.kind === 'log' && each.flowRunId === run.id && each.logger === logger ? [each.message] : [],
    )
  }

  /** Asks for the run to end, as a person does. */
  cancel(run: PlannedRun): void {
    this.move(run.id, { type: 'CANCELLING', name: 'Cancelling', message: '' }, run.token)
    this.plane.cancel(run.id)
    this.plane.changed()
  }

  private move(id: string, state: PlannedRun['states'][number], token: string | null): string {
    const run = this.runs.get(id)
    if (!run) return 'ABORT'
    if (run.token !== null && token !== run.token) return 'ABORT'
    if (isFinal(this.stateOf(run).type)) return 'ABORT'
    run.states.push(state)
    if (state.type === 'SCHEDULED') run.token = null
    return 'ACCEPT'
  }

  private runBody(run: PlannedRun): Fields {
    const { type, name } = this.stateOf(run)
    const at = new Date().toISOString()
    return {
      id: run.id,
      name: run.name,
      deployment_id: run.deploymentId,
      parameters: run.parameters,
      empirical_policy: run.empiricalPolicy,
      state_type: type,
      state_name: name,
      next_scheduled_start_time: at,
      state: { type, name, timestamp: at },
      infrastructure_pid: run.pid,
    }
  }

  private async answer(
    method: string,
    path: string,
    raw: unknown,
    hungUp: AbortSignal,
  ): Promise<Answer | null> {
    const body = fieldsOf(raw)
    const [noun = '', id = '', verb = '', more = ''] = path.split('/').map(decodeURIComponent)
    switch (noun) {
      case 'work_pools':
        return this.answerPool(method, id, verb, more, body, hungUp)
      case 'flow_runs':
        return this.answerRun(method, id, verb, body)
      case 'deployments':
        return this.answerDeployment(method, path, body)
      case 'flows':
        if (method !== 'POST' || id !== '') return null
        this.flows.set(textOf(body.name), this.flows.get(textOf(body.name)) ?? randomUUID())
        return [200, { id: this.flows.get(textOf(body.name)), name: body.name }]
      case 'events':
        this.beats.push(...listOf(raw).map(fieldsOf))
        return [204, null]
      default:
        return null
    }
  }

  private async answerPool(
    method: string,
    name: string,
    verb: string,
    more: string,
    body: Fields,
    hungUp: AbortSignal,
  ): Promise<Answer> {
    if (method === 'POST' && name === '') {
      this.addPool(textOf(body.name), body)
      return [201, this.pools.get(textOf(body.name))]
    }
    const pool = this.pools.get(name)
    if (!pool) return [404, { detail: `Work pool "${name}" not found.` }]
    if (verb === 'claim') return [200, await this.claim(body, hungUp)]
    if (verb === 'workers') {
      if (method === 'DELETE') this.workers.delete(more)
      else this.workers.add(textOf(body.name))
      return [204, null]
    }
    if (verb === 'beat') {
      this.beats.push(body)
      const ids = listOf(body.claims).map((each) => textOf(fieldsOf(each).flow_run_id))
      const lost = ids.filter((each) => this.lost.has(each))
      return [
        200,
        { cancelling: [], lost: lost.map((each) => ({ flow_run_id: each, reason: 'it was lost' })) },
      ]
    }
    return [200, pool]
  }

  private async claim(body: Fields, hungUp: AbortSignal): Promise<Fields> {
    const known = listOf(body.known_cancelling)
    const isFit = ({ deploymentId }: PlannedRun) =>
      body.runs !== 'typescript' || !isPython(textOf(this.deployments.get(deploymentId)?.entrypoint))
    const take = () => {
      const due = [...this.runs.values()].filter(
        (run) => this.stateOf(run).type === 'SCHEDULED' && isFit(run),
      )
      const claims = due.slice(0, Number(body.limit)).map((run) => {
        run.token = randomUUID()
        run.states.push({ type: 'PENDING', name: 'Pending', message: '' })
        return {
          flow_run: this.runBody(run),
          token: run.token,
          deployment: this.deployments.get(run.deploymentId),
        }
      })
      const cancelling = [...this.runs.values()]
        .filter((run) => this.stateOf(run).type === 'CANCELLING' && !known.includes(run.id))
        .map((run) => run.id)
      return { claims, cancelling }
    }
    const deadlineMs = Date.now() + LONG_POLL_MS
    for (;;) {
      // Nobody would hear of what is claimed now.
      if (hungUp.aborted) return {}
      const answer = take()
      if (answer.claims.length > 0 || answer.cancelling.length > 0 || Date.now() > deadlineMs) return answer
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  private answerRun(method: string, id: string, verb: string, body: Fields): Answer | null {
    const run = this.runs.get(id)
    if (!run) return null
    if (verb === 'set_state') {
      const { type, name, message, state_details: details } = fieldsOf(body.state)
      const isClaim = type === 'PENDING' && this.stateOf(run).type === 'SCHEDULED'
      const token = textOf(fieldsOf(details).claim_token) || null
      const state = { type: type as StateType, name: textOf(name), message: textOf(message) }
      const status = type === 'PENDING' && !isClaim ? 'ABORT' : this.move(id, state, token)
      if (isClaim) run.token = randomUUID()
      const timestamp = new Date().toISOString()
      return [
        201,
        { status, details: {}, state: { ...state, timestamp, state_details: { claim_token: run.token } } },
      ]
    }
    if (method === 'PATCH') {
      run.pid = textOf(body.infrastructure_pid)
      return [204, null]
    }
    return method === 'GET' ? [200, this.runBody(run)] : null
  }

  private answerDeployment(method: string, path: string, body: Fields): Answer | null {
    const [, id = '', flow, name] = path.split('/').map(decodeURIComponent)
    if (id === 'filter') return [200, [...this.deployments.values()]]
    if (id === 'get_scheduled_flow_runs') {
      const ids = listOf(body.deployment_ids)
      const due = [...this.runs.values()].filter(
        (run) => ids.includes(run.deploymentId) && this.stateOf(run).type === 'SCHEDULED',
      )
      return [200, due.map((run) => this.runBody(run))]
    }
    if (id === 'name') {
      const found = [...this.deployments.values()].find(
        (each) => each.flow_id === this.flows.get(flow ?? '') && each.name === name,
      )
      return found ? [200, found] : [404, { detail: 'Deployment not found' }]
    }
    if (method === 'POST' && id === '') {
      const made = { ...body, id: randomUUID() }
      this.deployments.set(made.id, made)
      return [201, made]
    }
    const known = this.deployments.get(id)
    if (!known) return [404, { detail: 'Deployment not found' }]
    if (method === 'PATCH') {
      this.deployments.set(id, { ...known, ...body })
      return [204, null]
    }
    return [200, known]
  }
}
