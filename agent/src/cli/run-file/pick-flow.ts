import { FLOW_HANDLE, type FlowHandle } from '../../sdk/flow-handle.js'
import { CliError } from '../cli-error.js'

export interface PickedFlow {
  readonly name: string
  readonly handle: FlowHandle
}

/** The flow that the user means: the export of that name or else the flow of that name; when none is named, the default one, else the only one. Throws CliError. */
export function pickFlow(
  module: Readonly<Record<string, unknown>>,
  file: string,
  wanted: string | undefined,
): PickedFlow {
  const flows = Object.entries(module).flatMap(([name, value]) => {
    const handle = handleOf(value)
    return handle ? [{ name, handle }] : []
  })
  const names = flows.map((each) => each.name)
  const [first] = flows
  if (!first) throw new CliError(`${file} exports no flow. A flow is made by flow(options, fn) and exported`)
  if (wanted !== undefined) {
    const found =
      flows.find((each) => each.name === wanted) ?? flows.find((each) => each.handle.name === wanted)
    if (found) return found
    throw new CliError(
      `${file} exports no flow "${wanted}". It exports: ${names.join(', ')}`,
      `rigel run ${file}:${first.name}`,
    )
  }
  const preferred = flows.find((each) => each.name === 'default') ?? (flows.length === 1 ? first : undefined)
  if (preferred) return preferred
  throw new CliError(
    `${file} exports several flows: ${names.join(', ')}. Say which one`,
    `rigel run ${file}:${first.name}`,
  )
}

function handleOf(value: unknown): FlowHandle | null {
  if (typeof value !== 'function' || !(FLOW_HANDLE in value)) return null
  return (value as unknown as { [FLOW_HANDLE]: FlowHandle })[FLOW_HANDLE]
}
