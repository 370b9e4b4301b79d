import { openWorkspace } from '../../connection/open-workspace.js'
import { type Fields, fieldsOf, listOf, textOf } from '../../record/fields.js'
import type { Command } from '../command.js'
import { findFlowRun } from '../flow-run.js'
import { fromNow, localTime, printJson, printResult } from '../output.js'

export const command: Command = {
  usage: 'flow-run explain ID [--json]',
  summary: 'Tells why a flow run is not running: every reason, since when, and what would help.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    const answer = fieldsOf(await api.get(`flow_runs/${run.id}/explain`))
    if (call.flag('json')) return printJson(answer)
    const reasons = listOf(answer.reasons).map(fieldsOf)
    const now = run.stateName || 'without a state'
    const heads: Readonly<Record<string, string>> = {
      running: `${run.name} is ${now}.`,
      ended: `${run.name} has ended ${now}.`,
      waiting:
        reasons.length === 0
          ? `${run.name} is ${now}, and nothing holds it back.`
          : `${run.name} is ${now}, held back by ${reasons.length === 1 ? 'one thing' : `${reasons.length} things`}:`,
    }
    const head = heads[textOf(answer.verdict)] ?? `${run.name} is ${now}.`
    printResult(
      [
        head,
        ...reasons.map((reason, i) => describeReason(reason, reasons.length > 1 ? `${i + 1}. ` : '')),
      ].join('\n\n'),
    )
  },
}

function describeReason(reason: Fields, number: string): string {
  const action = fieldsOf(reason.action)
  const since = textOf(reason.since)
  const forecast = textOf(reason.forecast_at)
  const label = textOf(action.label)
  const lines = [
    `${number}${textOf(reason.title)}`,
    ...textOf(reason.detail).split('\n'),
    since && `since ${localTime(since)} (${fromNow(since)})`,
    forecast && `until about ${localTime(forecast)} (${fromNow(forecast)})`,
    label && `what would help: ${label}`,
    textOf(action.command) && `  try: ${ourCommand(textOf(action.command))}`,
  ]
  return lines.filter((line) => line !== '').join(`\n${' '.repeat(number.length)}`)
}

/**
 * The control plane may name the command of whoever asks most; this one has the same verbs under its own names. Not so workers:
 * it says `prefect worker start` where only one of those can run the flow.
 */
export const ourCommand = (command: string): string =>
  OURS.reduce((text, [theirs, ours]) => text.replace(theirs, ours), command)

const OURS: readonly (readonly [RegExp, string])[] = [
  [/^prefect (work-pool|work-queue) set-concurrency-limit (.+?) (\d+)/, 'rigel $1 update $2 --limit $3'],
  // Theirs changes the one that is there; ours tells the two apart.
  [/^prefect concurrency-limit create (.+) (\d+)$/, 'rigel limit update tag:$1 --slots $2'],
  [
    /^prefect (work-pool|work-queue|deployment|flow-run) (pause|resume|run|cancel|retry|delete) /,
    'rigel $1 $2 ',
  ],
]
