'use client'
import { Check, Eye, KeyRound } from 'lucide-react'
import Link from 'next/link'
import { type ReactNode, useState } from 'react'
import { latestFlowRuns } from '#app/_live/fold.ts'
import { useFold } from '#app/_live/live.tsx'
import { Button } from '#app/_ui/button.tsx'
import { useRenderedAtMs } from '#app/_ui/clock.tsx'
import { Command, WholeFlags } from '#app/_ui/command.tsx'
import { CopyButton } from '#app/_ui/copy-button.tsx'
import { loginCommands, type NewKey } from '#app/_ui/login-commands.ts'
import { SegmentedControl } from '#app/_ui/segmented.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { RunningDuration } from '#app/_ui/time.tsx'
import { toastFailed } from '#app/_ui/toaster.tsx'
import type { Change } from '#lib/domain/change.ts'
import { type Example, examples, type Language, plainText } from './examples.ts'

interface FirstRun {
  readonly id: string
  readonly name: string
  readonly flowName: string | null
}

interface GetStartedProps {
  readonly base: string
  readonly origin: string
  readonly workspaceId: string
  readonly workspaceSlug: string
  readonly keyUsed: boolean
  readonly firstRun: FirstRun | null
}

const firstOf = (held: FirstRun | null, changes: readonly Change[]): FirstRun | null => {
  if (held) return held
  for (const run of latestFlowRuns(changes).values()) {
    // A run inside a task is not what the reader started.
    if (run && run.parentTaskRunId === null) return { id: run.id, name: run.name, flowName: null }
  }
  return null
}

const keyDays = 90

export function GetStarted({ base, origin, workspaceId, workspaceSlug, keyUsed, firstRun }: GetStartedProps) {
  const [language, setLanguage] = useState<Language>('typescript')
  const [key, setKey] = useState<string | null>(null)
  const [copied, setCopied] = useState(false)
  const [busy, setBusy] = useState(false)
  const [run] = useFold(firstRun, firstOf)
  const loggedIn = keyUsed || run !== null
  const commands = loginCommands({ key: key ?? '<your key>', origin, workspaceSlug })

  const generate = async () => {
    setBusy(true)
    const sent = await sendJson<NewKey>('POST', '/api/me/api_keys', {
      name: 'get-started',
      workspace_id: workspaceId,
      role: 'developer',
      expiration: new Date(Date.now() + keyDays * 86_400_000).toISOString(),
    })
    setBusy(false)
    if (sent.ok) setKey(sent.body.key)
    else toastFailed(`No key was generated: ${sent.reason}`)
  }

  const login = (
    <>
      <p className="mb-2 text-ink-3">
        {key
          ? copied
            ? 'Copied, with your key in it. Rigel keeps only a hash and cannot show it again.'
            : 'Your key stands in the command. Copy it now: Rigel keeps only a hash and cannot show it again.'
          : `Generating puts a new key into the command. It is shown once and expires in ${keyDays} days.`}
      </p>
      <div className="grid grid-cols-1 gap-2">
        {(language === 'typescript'
          ? [`npx ${commands.rigel}`]
          : [commands.prefectApi, commands.prefect]
        ).map((command) => (
          <Command
            key={command}
            command={command}
            wrap={key !== null}
            onCopied={() => setCopied(key !== null && command.includes(key))}
          >
            <WithPlaceholder text={command} />
          </Command>
        ))}
      </div>
      {key ? (
        <p data-family="late" className="mt-2 flex items-center gap-1.5 text-(--fg) text-xs">
          <Eye aria-hidden size={14} className="flex-none" />
          It acts as you in {workspaceSlug} with the role Developer.
        </p>
      ) : (
        <Button className="mt-2" onClick={generate} busy={busy && 'Generating…'}>
          <KeyRound aria-hidden size={14} />
          Generate API key
        </Button>
      )}
    </>
  )

  return (
    <div className="grid grid-cols-1 gap-14 sm:pt-4 max-xl:gap-8 lg:grid-cols-[minmax(0,560px)_minmax(0,440px)]">
      <div>
        <h1 className="font-semibold text-xl tracking-[-0.015em]">Run your first flow</h1>
        <p className="mt-0.5 mb-5 text-ink-2">
          Three commands in any terminal. It runs on your machine and shows up here.
        </p>
        <SegmentedControl
          label="Language"
          value={language}
          onChange={setLanguage}
          options={[
            { value: 'typescript', label: 'TypeScript' },
            { value: 'python', label: 'Python' },
          ]}
          className="mb-5"
        />
        <ol>
          {language === 'typescript' ? (
            <>
              <Step number={1} done={loggedIn} title="Install the agent">
                <p className="mb-2 text-ink-3">Needs Node.js 20 or newer.</p>
                <Command command="npm install @rigel/agent" />
              </Step>
              <Step number={2} done={loggedIn} title="Log in to this workspace">
                {login}
              </Step>
              <Step number={3} done={run !== null} title="Run a flow" last>
                <p className="mb-2 text-ink-3">
                  Save the example as <code className="text-xs">hello.ts</code>, or point it at your own.
                </p>
                <Command command="npx rigel run hello.ts" />
              </Step>
            </>
          ) : (
            <>
              <Step number={1} done={loggedIn} title="Install the client">
                <p className="mb-2 text-ink-3">
                  Needs Python 3.10 or newer. Flows written for Prefect run unchanged.
                </p>
                <Command command="pip install prefect" />
              </Step>
              <Step number={2} done={loggedIn} title="Log in to this workspace">
                {login}
              </Step>
              <Step number={3} done={run !== null} title="Run a flow" last>
                <p className="mb-2 text-ink-3">
                  Save the example as <code className="text-xs">hello.py</code>, or run your own.
                </p>
                <Command command="python hello.py" />
              </Step>
            </>
          )}
        </ol>
        <Waiting base={base} run={run} />
      </div>
      <ExampleFile example={examples[language]} />
    </div>
  )
}

function Step({
  number,
  done,
  last,
  title,
  children,
}: {
  readonly number: number
  readonly done: boolean
  readonly last?: boolean
  readonly title: string
  readonly children: ReactNode
}) {
  return (
    <li className="relative grid grid-cols-[24px_minmax(0,1fr)] gap-3 pb-6">
      {last ? null : (
        <span aria-hidden className="absolute top-7 bottom-1 left-[11.5px] w-px bg-line-strong" />
      )}
      <span
        className={`grid size-6 place-items-center rounded-full border font-medium text-xs ${done ? 'border-state-good-edge bg-state-good-tint text-state-good-fg' : 'border-line-strong'}`}
      >
        {done ? <Check aria-hidden size={14} /> : <span aria-hidden>{number}</span>}
      </span>
      <div className="min-w-0">
        <h2 className="font-medium">
          {title}
          {done ? <span className="sr-only"> (done)</span> : null}
        </h2>
        {children}
      </div>
    </li>
  )
}

function WithPlaceholder({ text }: { readonly text: string }) {
  const [before, after] = text.split('<your key>')
  if (after === undefined) return <WholeFlags text={text} />
  return (
    <>
      <WholeFlags text={before ?? ''} />
      <span className="text-ink-3">&lt;your key&gt;</span>
      <WholeFlags text={after} />
    </>
  )
}

/** Becomes a link in place, without moving, the moment the first run arrives. */
function Waiting({ base, run }: { readonly base: string; readonly run: FirstRun | null }) {
  const sinceMs = useRenderedAtMs()
  return (
    <div
      role="status"
      className="flex min-h-[66px] items-center gap-3.5 rounded-lg bg-accent-tint px-4 py-3.5 inset-ring inset-ring-accent-edge"
    >
      {run ? (
        <>
          <span aria-hidden className="grid size-2.5 flex-none place-items-center text-state-good-fg">
            <Check size={16} />
          </span>
          <div className="min-w-0 flex-1">
            <p className="flex gap-1 font-medium">
              <Link href={`${base}/runs/flow-run/${run.id}`} className="link truncate">
                {run.flowName ? `${run.flowName} / ${run.name}` : run.name}
              </Link>
              started
            </p>
            <p className="text-ink-3 text-xs">Open it and watch its tasks and log lines arrive.</p>
          </div>
          <Link href={`${base}/runs`} className="link text-xs max-sm:hidden">
            All runs
          </Link>
        </>
      ) : (
        <>
          <span aria-hidden className="pulse-ring size-2.5 flex-none rounded-full bg-accent" />
          <div className="flex-1">
            <p className="font-medium">Waiting for your first run</p>
            <p className="text-ink-3 text-xs">This line turns into a link the moment it starts.</p>
          </div>
          <span aria-hidden className="text-ink-3 text-xs max-sm:hidden">
            Listening for <RunningDuration since={new Date(sinceMs).toISOString()} />
          </span>
        </>
      )}
    </div>
  )
}

const pieceClass = {
  word: 'text-ink-3',
  call: 'font-medium text-accent-ink',
  text: 'text-state-good-fg',
} as const

function ExampleFile({ example }: { readonly example: Example }) {
  const text = plainText(example)
  return (
    <aside aria-label="Example">
      <div className="rounded-lg border border-line">
        <div className="flex min-h-10 items-center border-line border-b py-1.5 pr-2 pl-4">
          <span className="font-mono text-ink-2 text-xs">{example.file}</span>
          <CopyButton text={text} label={`Copy ${example.file}`} className="ml-auto">
            Copy
          </CopyButton>
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a phone it scrolls sideways, and must be reached by keyboard */}
        <pre tabIndex={0} className="overflow-x-auto px-4 py-3.5 font-mono text-xs leading-5">
          {example.lines.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a fixed text
            <span key={index} className="block min-h-5">
              {line.map((piece) =>
                typeof piece === 'string' ? (
                  piece
                ) : (
                  <span key={piece.join()} className={pieceClass[piece[0]]}>
                    {piece[1]}
                  </span>
                ),
              )}
            </span>
          ))}
        </pre>
      </div>
    </aside>
  )
}
