'use client'
import { Plus, X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useState } from 'react'
import { Button, IconButton } from '#app/_ui/button.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '#app/_ui/field.tsx'
import { SegmentedControl } from '#app/_ui/segmented.tsx'
import {
  isObject,
  type Lossless,
  type LosslessObject,
  NumberLiteral,
  parseLossless,
  writeLossless,
} from '#lib/domain/lossless-json.ts'
import {
  type FieldKind,
  faultsOf,
  faultWords,
  kindWords,
  prettyLossless,
  type SchemaField,
  type SchemaMember,
  valueWords,
} from './schema.ts'

export interface FormValue {
  readonly values: LosslessObject
  /** Dotted path → what is typed there and cannot be read. */
  readonly unread: ReadonlyMap<string, string>
}

export const emptyForm: FormValue = { values: new Map(), unread: new Map() }

export function formOf(json: string): FormValue {
  try {
    const values = parseLossless(json)
    return isObject(values) ? { values, unread: new Map() } : emptyForm
  } catch {
    return emptyForm
  }
}

export const jsonOf = ({ values }: FormValue): string => writeLossless(values)

/** Of a form that was not sent yet. */
export const noFaults: ReadonlyMap<string, string> = new Map()

/** Everything that keeps the form from being sent. */
export function allFaults(
  members: readonly SchemaMember[],
  { values, unread }: FormValue,
): ReadonlyMap<string, string> {
  return new Map([...faultsOf(members, values), ...unread])
}

export interface BlockChoice {
  readonly id: string
  readonly name: string
}

interface SchemaFormProps {
  readonly members: readonly SchemaMember[]
  readonly value: FormValue
  readonly onChange: (next: FormValue) => void
  /** Shown once the form was sent, or a field was left. */
  readonly faults: ReadonlyMap<string, string>
  /** Documents that may stand in a field, by the slug of their type. */
  readonly blocks?: Readonly<Record<string, readonly BlockChoice[]>>
  /** What the JSON view is called. */
  readonly label: string
}

/** The same value as fields and as JSON. A schema that says nothing has only the latter. */
export function SchemaForm({ members, value, onChange, faults, blocks = {}, label }: SchemaFormProps) {
  const [view, setView] = useState<'form' | 'json'>(members.length === 0 ? 'json' : 'form')
  return (
    <div className="grid grid-cols-1 gap-4">
      {members.length === 0 ? null : (
        <SegmentedControl
          label="View"
          value={view}
          onChange={setView}
          options={[
            { value: 'form', label: 'Form' },
            { value: 'json', label: 'JSON' },
          ]}
          className="justify-self-start"
        />
      )}
      {view === 'json' ? (
        <JsonObject label={label} value={value} onChange={onChange} faults={faults} />
      ) : (
        <Members
          members={members}
          path={[]}
          value={value}
          onChange={onChange}
          faults={faults}
          blocks={blocks}
        />
      )}
    </div>
  )
}

function JsonObject({
  label,
  value,
  onChange,
  faults,
}: Pick<SchemaFormProps, 'label' | 'value' | 'onChange' | 'faults'>) {
  const [text, setText] = useState(() => prettyLossless(value.values))
  const [fault, setFault] = useState<string | null>(null)
  // Left with an error, the other view shows what was last understood.
  useEffect(() => () => setFault(null), [])
  return (
    <Field label={label} error={fault ?? faultWords(faults)} hint="A JSON object.">
      {(control) => (
        <Textarea
          {...control}
          rows={Math.min(18, Math.max(6, text.split('\n').length + 1))}
          spellCheck={false}
          value={text}
          className="font-mono text-xs"
          onChange={(event) => {
            const next = event.target.value
            setText(next)
            const read = readObject(next)
            setFault(typeof read === 'string' ? read : null)
            onChange(
              typeof read === 'string'
                ? { values: value.values, unread: new Map([['', read]]) }
                : { values: read, unread: new Map() },
            )
          }}
        />
      )}
    </Field>
  )
}

function readObject(text: string): LosslessObject | string {
  if (text.trim() === '') return new Map()
  try {
    const value = parseLossless(text)
    return isObject(value) ? value : 'Must be an object, in braces.'
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}.`
  }
}

interface MembersProps {
  readonly members: readonly SchemaMember[]
  readonly path: readonly string[]
  readonly value: FormValue
  readonly onChange: (next: FormValue) => void
  readonly faults: ReadonlyMap<string, string>
  readonly blocks: Readonly<Record<string, readonly BlockChoice[]>>
}

function Members({ members, path, ...rest }: MembersProps) {
  return members.map(({ name, field }) => <Place key={name} field={field} path={[...path, name]} {...rest} />)
}

interface PlaceProps extends Omit<MembersProps, 'members'> {
  readonly field: SchemaField
  readonly onRemove?: () => void
}

function Place(props: PlaceProps) {
  const { field, path, value, onChange, faults } = props
  const key = path.join('.')
  const [left, setLeft] = useState(false)
  const held = at(value.values, path)
  const set = (next: Lossless | undefined, unread: string | null = null) => {
    const others = new Map(value.unread)
    others.delete(key)
    if (unread !== null) others.set(key, unread)
    onChange({ values: unread === null ? put(value.values, path, next) : value.values, unread: others })
  }
  const ownFault = left ? (value.unread.get(key) ?? null) : null
  const error = faults.get(key) ?? ownFault
  const leaf = {
    field,
    held,
    set,
    error,
    onLeave: () => setLeft(true),
    unread: value.unread.has(key),
  }
  switch (field.kind) {
    case 'object':
      return <Group {...props} held={held} set={set} error={error} />
    case 'list':
      return <List {...props} held={held} set={set} error={error} />
    case 'boolean':
      return field.nullable || (field.fallback === undefined && !field.required) ? (
        <Choice {...leaf} choices={[true, false]} />
      ) : (
        <Tick {...leaf} />
      )
    case 'choice':
      return <Choice {...leaf} choices={field.choices} />
    case 'block':
      return <BlockPlace {...leaf} choices={props.blocks[field.blockType ?? ''] ?? []} />
    case 'secret':
      return <Secret {...leaf} />
    case 'json':
      return <Json {...leaf} />
    default:
      return <Line {...leaf} />
  }
}

interface LeafProps {
  readonly field: SchemaField
  readonly held: Lossless | undefined
  readonly set: (next: Lossless | undefined, unread?: string | null) => void
  readonly error: string | null
  readonly onLeave: () => void
  readonly unread: boolean
}

const examples: Readonly<Partial<Record<FieldKind, string>>> = {
  instant: ', such as 2026-11-24T06:00:00Z',
  date: ', such as 2026-11-24',
}

function hintOf(field: SchemaField): ReactNode {
  const kind = `${kindWords[field.kind]}${examples[field.kind] ?? ''}`
  const fallback =
    field.fallback === undefined || field.fallback === null || field.kind === 'secret'
      ? null
      : valueWords(field.fallback)
  return (
    <>
      {field.description ? <span className="block">{field.description}</span> : null}
      {[
        kind,
        fallback === null ? null : `default ${fallback.length > 60 ? `${fallback.slice(0, 60)}…` : fallback}`,
      ]
        .filter(Boolean)
        .join(', ')
        .replace(/^./, (first) => first.toUpperCase())}
    </>
  )
}

const isOptional = (field: SchemaField): boolean =>
  !field.required || field.fallback !== undefined || field.nullable

/** One line of text, a number or a time. */
function Line({ field, held, set, error, onLeave }: LeafProps) {
  const [text, setText] = useState(() => (held === undefined || held === null ? '' : valueWords(held)))
  const numeric = field.kind === 'integer' || field.kind === 'number'
  const long = field.kind === 'text' && typeof held === 'string' && held.includes('\n')
  const change = (next: string) => {
    setText(next)
    if (next === '') set(undefined)
    else if (!numeric) set(next)
    else if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(next.trim())) set(new NumberLiteral(next.trim()))
    else set(undefined, `Not a number: ${next}.`)
  }
  return (
    <Field label={field.title} optional={isOptional(field)} hint={hintOf(field)} error={error}>
      {(control) =>
        long ? (
          <Textarea
            {...control}
            rows={4}
            value={text}
            onBlur={onLeave}
            onChange={(event) => change(event.target.value)}
          />
        ) : (
          <Input
            {...control}
            value={text}
            inputMode={numeric ? 'decimal' : undefined}
            spellCheck={false}
            autoComplete="off"
            className={numeric ? 'max-w-45' : 'max-w-90'}
            onBlur={onLeave}
            onChange={(event) => change(event.target.value)}
          />
        )
      }
    </Field>
  )
}

/** Comes back from the server where a secret is set. */
export const hiddenSecret = '********'

function Secret({ field, held, set, error, onLeave }: LeafProps) {
  const [kept] = useState(held === hiddenSecret)
  const [text, setText] = useState(kept || typeof held !== 'string' ? '' : held)
  return (
    <Field
      label={field.title}
      optional={isOptional(field)}
      hint={
        <>
          {field.description ? <span className="block">{field.description}</span> : null}
          {kept
            ? 'Set, and never shown. Left empty, it stays as it is.'
            : 'Secret: sealed when saved, and never shown again.'}
        </>
      }
      error={error}
    >
      {(control) => (
        <Input
          {...control}
          type="password"
          value={text}
          autoComplete="new-password"
          placeholder={kept ? '••••••••' : undefined}
          className="max-w-90"
          onBlur={onLeave}
          onChange={(event) => {
            setText(event.target.value)
            if (event.target.value === '') set(kept ? hiddenSecret : undefined)
            else set(event.target.value)
          }}
        />
      )}
    </Field>
  )
}

function Tick({ field, held, set }: LeafProps) {
  const checked = held === undefined ? field.fallback === true : held === true
  const hint = useId()
  return (
    <div>
      <Checkbox
        checked={checked}
        aria-describedby={field.description ? hint : undefined}
        onChange={(event) => set(event.target.checked)}
      >
        <span className="font-medium">{field.title}</span>
      </Checkbox>
      {field.description ? (
        <p id={hint} className="mt-0.5 pl-5.5 text-ink-3 text-xs">
          {field.description}
        </p>
      ) : null}
    </div>
  )
}

function Choice({
  field,
  held,
  set,
  error,
  onLeave,
  choices,
}: LeafProps & { readonly choices: readonly Lossless[] }) {
  const chosen =
    held === undefined ? -1 : choices.findIndex((each) => writeLossless(each) === writeLossless(held))
  const fallback = field.fallback === undefined || field.fallback === null ? null : valueWords(field.fallback)
  return (
    <Field label={field.title} optional={isOptional(field)} hint={field.description} error={error}>
      {(control) => (
        <Select
          {...control}
          value={chosen < 0 ? '' : String(chosen)}
          className="max-w-90"
          onBlur={onLeave}
          onChange={(event) =>
            set(event.target.value === '' ? undefined : choices[Number(event.target.value)])
          }
        >
          <option value="">
            {fallback === null ? (isOptional(field) ? 'Not set' : 'Choose…') : `Default: ${fallback}`}
          </option>
          {choices.map((each, index) => (
            <option key={writeLossless(each)} value={index}>
              {each === true ? 'Yes' : each === false ? 'No' : valueWords(each)}
            </option>
          ))}
        </Select>
      )}
    </Field>
  )
}

const referenceIn = (value: Lossless | undefined): string => {
  const reference = isObject(value) ? value.get('$ref') : undefined
  const id = isObject(reference) ? reference.get('block_document_id') : undefined
  return typeof id === 'string' ? id : ''
}

function BlockPlace({
  field,
  held,
  set,
  error,
  onLeave,
  choices,
}: LeafProps & { readonly choices: readonly BlockChoice[] }) {
  return (
    <Field
      label={field.title}
      optional={isOptional(field)}
      hint={
        <>
          {field.description ? <span className="block">{field.description}</span> : null}
          {choices.length === 0
            ? `No block of the type ${field.blockType} yet: make one first.`
            : `A block of the type ${field.blockType}.`}
        </>
      }
      error={error}
    >
      {(control) => (
        <Select
          {...control}
          value={referenceIn(held)}
          className="max-w-90"
          onBlur={onLeave}
          onChange={(event) => {
            const id = event.target.value
            set(id === '' ? undefined : new Map([['$ref', new Map([['block_document_id', id]])]]))
          }}
        >
          <option value="">{isOptional(field) ? 'None' : 'Choose…'}</option>
          {choices.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </Select>
      )}
    </Field>
  )
}

/** Anything else, typed as JSON. */
function Json({ field, held, set, error, onLeave }: LeafProps) {
  const [text, setText] = useState(() => (held === undefined ? '' : prettyLossless(held)))
  return (
    <Field label={field.title} optional={isOptional(field)} hint={hintOf(field)} error={error}>
      {(control) => (
        <Textarea
          {...control}
          rows={Math.min(12, Math.max(3, text.split('\n').length))}
          value={text}
          spellCheck={false}
          className="font-mono text-xs"
          onBlur={onLeave}
          onChange={(event) => {
            const next = event.target.value
            setText(next)
            if (next.trim() === '') return set(undefined)
            try {
              set(parseLossless(next))
            } catch {
              set(undefined, 'Not JSON. Texts stand in double quotes.')
            }
          }}
        />
      )}
    </Field>
  )
}

interface HeldProps extends PlaceProps {
  readonly held: Lossless | undefined
  readonly set: (next: Lossless | undefined) => void
  readonly error: string | null
}

function Group({ field, path, held, set, error, onRemove, ...rest }: HeldProps) {
  const optional = isOptional(field) && !onRemove
  const open = held !== undefined && held !== null
  return (
    <fieldset className="grid grid-cols-1 gap-4 rounded-lg border border-line px-4 pt-2 pb-4">
      <legend className="px-1 font-medium">
        {field.title}
        {optional ? <span className="font-normal text-ink-3"> (optional)</span> : null}
      </legend>
      <GroupHint field={field} unset={!open} />
      {error ? <p className="text-state-fail-fg text-xs">{error}</p> : null}
      {optional && !open ? (
        <Button
          size="sm"
          className="justify-self-start"
          onClick={() => set(isObject(field.fallback) ? field.fallback : new Map())}
        >
          <Plus aria-hidden size={14} />
          Set {field.title}
        </Button>
      ) : (
        <>
          <Members members={field.members} path={path} {...rest} />
          {optional ? (
            <Button size="sm" kind="ghost" className="justify-self-start" onClick={() => set(undefined)}>
              Leave {field.title} out
            </Button>
          ) : null}
        </>
      )}
    </fieldset>
  )
}

function GroupHint({ field, unset }: { readonly field: SchemaField; readonly unset: boolean }) {
  const fallback =
    unset && field.fallback !== undefined && field.fallback !== null ? valueWords(field.fallback) : null
  if (!field.description && fallback === null) return null
  return (
    <p className="-mt-1 text-ink-3 text-xs">
      {field.description ? <span className="block">{field.description}</span> : null}
      {fallback === null
        ? null
        : `Left as it is: ${fallback.length > 80 ? `${fallback.slice(0, 80)}…` : fallback}`}
    </p>
  )
}

const isGroup = ({ kind }: SchemaField): boolean => kind === 'object' || kind === 'list' || kind === 'json'

function List({ field, path, held, set, error, ...rest }: HeldProps) {
  const items = Array.isArray(held) ? held : []
  const { item } = field
  const fallback = Array.isArray(field.fallback) ? field.fallback : []
  // An item has no id: a new key for each makes the fields anew when one in their midst is taken out.
  const [round, setRound] = useState(0)
  if (!item) return null
  const blank: Lossless = item.kind === 'object' ? new Map() : item.kind === 'boolean' ? false : ''
  return (
    <fieldset className="grid grid-cols-1 gap-3 rounded-lg border border-line px-4 pt-2 pb-4">
      <legend className="px-1 font-medium">
        {field.title}
        {isOptional(field) ? <span className="font-normal text-ink-3"> (optional)</span> : null}
      </legend>
      <GroupHint field={field} unset={held === undefined} />
      {error ? <p className="text-state-fail-fg text-xs">{error}</p> : null}
      {items.map((_, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: an item is its position, see round
          key={`${round}-${index}`}
          className="flex items-start gap-2"
        >
          <div className={`min-w-0 flex-1 ${isGroup(item) ? '' : 'max-w-90'}`}>
            <Place
              field={{ ...item, title: `${field.title} ${index + 1}`, required: true }}
              path={[...path, String(index)]}
              {...rest}
            />
          </div>
          <IconButton
            label={`Remove ${field.title} ${index + 1}`}
            className="mt-6.5"
            onClick={() => {
              const next = items.filter((__, each) => each !== index)
              setRound(round + 1)
              set(next.length === 0 && isOptional(field) ? undefined : next)
            }}
          >
            <X aria-hidden size={14} />
          </IconButton>
        </div>
      ))}
      <Button
        size="sm"
        className="justify-self-start"
        // What is added is added to what it would be without.
        onClick={() => set([...(held === undefined ? fallback : items), blank])}
      >
        <Plus aria-hidden size={14} />
        Add
      </Button>
    </fieldset>
  )
}

function at(value: Lossless | undefined, path: readonly string[]): Lossless | undefined {
  return path.reduce<Lossless | undefined>((here, step) => {
    if (Array.isArray(here)) return here[Number(step)]
    return isObject(here) ? here.get(step) : undefined
  }, value)
}

/** A copy with another value there; undefined takes the member out, and leaves an item of a list empty. */
function put(values: LosslessObject, path: readonly string[], next: Lossless | undefined): LosslessObject {
  const changed = putIn(values, path, next)
  return isObject(changed) ? changed : values
}

function putIn(
  value: Lossless | undefined,
  [step, ...rest]: readonly string[],
  next: Lossless | undefined,
): Lossless {
  if (step === undefined) return next ?? null
  if (Array.isArray(value)) {
    const copy = [...value]
    copy[Number(step)] = putIn(value[Number(step)], rest, next)
    return copy
  }
  const copy: LosslessObject = new Map(isObject(value) ? value : [])
  if (rest.length === 0 && next === undefined) copy.delete(step)
  else copy.set(step, putIn(copy.get(step), rest, next))
  return copy
}
