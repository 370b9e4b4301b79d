'use client'
import { useEffect, useState } from 'react'
import { ConfirmDialog } from '#app/_ui/confirm-dialog.tsx'
import { Field, Input, Select } from '#app/_ui/field.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { stateWord } from '#app/_ui/states.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { defaultStateName, isFinal, type StateType, stateTypes } from '#lib/domain/state.ts'
import { proposeState } from './act.ts'
import { cancelProposal, pauseProposal, type RunVerb, retryProposal } from './verbs.ts'

export interface ActedRun {
  readonly id: string
  readonly name: string
  readonly stateType: StateType
  readonly stateName: string
  readonly deploymentId: string | null
}

interface RunDialogProps {
  readonly api: string
  readonly run: ActedRun
  readonly onClose: () => void
  readonly onDone?: () => void
}

/** The dialog of a verb on one run. */
export function RunDialog({ verb, ...rest }: RunDialogProps & { readonly verb: Exclude<RunVerb, 'resume'> }) {
  switch (verb) {
    case 'cancel':
      return <CancelDialog {...rest} />
    case 'pause':
      return <PauseDialog {...rest} />
    case 'retry':
      return <RetryDialog {...rest} />
    case 'set-state':
      return <StateDialog {...rest} />
    case 'delete':
      return <DeleteDialog {...rest} />
  }
}

function CancelDialog({ api, run, onClose }: RunDialogProps) {
  const proposal = cancelProposal(run.stateType)
  return (
    <ConfirmDialog
      title={`Cancel ${run.name}?`}
      description={
        proposal.type === 'CANCELLED'
          ? 'It does not execute now, and will not start. Runs that it started are cancelled too. Its log lines stay.'
          : 'Whoever executes it is asked to stop. If nobody confirms within 5 minutes, it is recorded as cancelled all the same. Runs that it started are cancelled too; what they have done is not undone.'
      }
      verb="Cancel run"
      busyVerb="Cancelling…"
      danger
      onClose={onClose}
      onConfirm={async () => {
        const refusal = await proposeState(api, run.id, proposal)
        if (refusal === null)
          toastDone(proposal.type === 'CANCELLED' ? `Cancelled ${run.name}.` : `Asked ${run.name} to stop.`)
        return refusal
      }}
    />
  )
}

const pauses = [
  { seconds: 300, words: '5 minutes' },
  { seconds: 3600, words: '1 hour' },
  { seconds: 86_400, words: '1 day' },
] as const

export function PauseField({
  seconds,
  onSeconds,
}: {
  readonly seconds: number
  readonly onSeconds: (seconds: number) => void
}) {
  return (
    <Field label="Waits at most">
      {(control) => (
        <Select {...control} value={seconds} onChange={(event) => onSeconds(Number(event.target.value))}>
          {pauses.map((each) => (
            <option key={each.seconds} value={each.seconds}>
              {each.words}
            </option>
          ))}
        </Select>
      )}
    </Field>
  )
}

function PauseDialog({ api, run, onClose }: RunDialogProps) {
  const [seconds, setSeconds] = useState<number>(3600)
  const words = pauses.find((each) => each.seconds === seconds)?.words
  return (
    <ConfirmDialog
      title={`Pause ${run.name}?`}
      description={`It stops before its next task and keeps its infrastructure. If nobody resumes it within ${words}, it fails.`}
      verb="Pause run"
      busyVerb="Pausing…"
      onClose={onClose}
      onConfirm={async () => {
        const refusal = await proposeState(api, run.id, pauseProposal(Date.now(), seconds))
        if (refusal === null) toastDone(`Paused ${run.name}.`)
        return refusal
      }}
    >
      <PauseField seconds={seconds} onSeconds={setSeconds} />
    </ConfirmDialog>
  )
}

function RetryDialog({ api, run, onClose }: RunDialogProps) {
  return (
    <ConfirmDialog
      title={`Retry ${run.name}?`}
      description={
        run.deploymentId === null
          ? 'It was started by hand, outside any deployment: nothing would pick it up. Run the same command again where you started it.'
          : 'The same run starts again with the same parameters, as another attempt. Tasks whose results were stored are not repeated.'
      }
      verb="Retry run"
      busyVerb="Retrying…"
      keep="Close"
      disabled={run.deploymentId === null}
      onClose={onClose}
      onConfirm={async () => {
        const refusal = await proposeState(api, run.id, retryProposal(Date.now()))
        if (refusal === null) toastDone(`${run.name} starts again.`)
        return refusal
      }}
    />
  )
}

export function StateFields({
  type,
  message,
  onType,
  onMessage,
}: {
  readonly type: StateType
  readonly message: string
  readonly onType: (type: StateType) => void
  readonly onMessage: (message: string) => void
}) {
  return (
    <>
      <Field label="State">
        {(control) => (
          <Select
            {...control}
            value={type}
            onChange={(event) => {
              const chosen = stateTypes.find((each) => each === event.target.value)
              if (chosen) onType(chosen)
            }}
          >
            {stateTypes.map((each) => (
              <option key={each} value={each}>
                {stateWord(defaultStateName(each))}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Message" optional hint="Stands in its history, for whoever wonders.">
        {(control) => (
          <Input
            {...control}
            value={message}
            maxLength={1000}
            onChange={(event) => onMessage(event.target.value)}
          />
        )}
      </Field>
    </>
  )
}

function StateDialog({ api, run, onClose }: RunDialogProps) {
  const [type, setType] = useState<StateType>(isFinal(run.stateType) ? 'COMPLETED' : 'FAILED')
  const [message, setMessage] = useState('')
  const name = defaultStateName(type)
  return (
    <ConfirmDialog
      title={`Change the state of ${run.name}?`}
      description="The state is written as you choose it, and no rule is asked. What executes is not told to stop: to stop it, cancel the run."
      verb="Change state"
      busyVerb="Changing…"
      onClose={onClose}
      onConfirm={async () => {
        const refusal = await proposeState(
          api,
          run.id,
          { type, name, ...(message.trim() ? { message: message.trim() } : {}) },
          true,
        )
        if (refusal === null) toastDone(`${run.name} is ${stateWord(name).toLowerCase()} now.`)
        return refusal
      }}
    >
      <StateFields type={type} message={message} onType={setType} onMessage={setMessage} />
    </ConfirmDialog>
  )
}

function DeleteDialog({ api, run, onClose, onDone }: RunDialogProps) {
  const [tasks, setTasks] = useState<number | null>(null)
  useEffect(() => {
    void sendJson<number>('POST', `${api}/task_runs/count`, { flow_runs: { id: { any_: [run.id] } } }).then(
      (sent) => {
        if (sent.ok) setTasks(sent.body)
      },
    )
  }, [api, run.id])
  const inside = tasks === null ? 'its task runs' : tasks === 1 ? 'its 1 task run' : `its ${tasks} task runs`
  return (
    <ConfirmDialog
      title={`Delete ${run.name}?`}
      description={`The run, ${inside}, their states and log lines are gone. ${isFinal(run.stateType) ? '' : 'What executes is not told to stop. '}Artifacts and results stay. This cannot be undone.`}
      verb="Delete run"
      busyVerb="Deleting…"
      danger
      typed={run.name}
      onClose={onClose}
      onConfirm={async () => {
        const sent = await sendJson('DELETE', `${api}/flow_runs/${run.id}`)
        if (!sent.ok) return sent.reason
        toastDone(`Deleted ${run.name}.`)
        onDone?.()
        return null
      }}
    />
  )
}
