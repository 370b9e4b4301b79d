import nunjucks from 'nunjucks'

/**
 * Templates in parameters come from whoever may run a deployment. nunjucks compiles to JavaScript and is no sandbox by itself,
 * so a template is parsed by it first, and rendered only when every part of it is known to be harmless: no calls but of
 * `range`, no assignments, macros, imports or includes, no look-ups by names that lead out of the data, and loops with an end.
 */
const harmless: ReadonlySet<string> = new Set([
  ...['Root', 'NodeList', 'Output', 'TemplateData', 'Literal', 'Symbol', 'Group', 'Array', 'Dict', 'Pair'],
  ...['If', 'InlineIf', 'For', 'Filter', 'LookupVal', 'FunCall', 'Compare', 'CompareOperand', 'In', 'Is'],
  ...['And', 'Or', 'Not', 'Add', 'Sub', 'Mul', 'Div', 'FloorDiv', 'Mod', 'Pow', 'Neg', 'Pos', 'Concat'],
])
/** None of these makes a text much longer than it was. */
const filters: ReadonlySet<string> = new Set([
  ...['abs', 'capitalize', 'd', 'default', 'dump', 'escape', 'e', 'first', 'float', 'int', 'last', 'length'],
  ...[
    'lower',
    'reverse',
    'round',
    'safe',
    'string',
    'title',
    'tojson',
    'trim',
    'truncate',
    'ui_url',
    'upper',
    'urlencode',
  ],
])
const leadsOut: ReadonlySet<string> = new Set([
  'constructor',
  '__proto__',
  'prototype',
  'caller',
  'arguments',
])

const MAX_TEMPLATE = 20_000
const MAX_NODES = 2_000
const MAX_LOOPS = 10
const MAX_LOOP_DEPTH = 2
const MAX_RANGE = 100
const MAX_FILTERS_IN_A_ROW = 4
/** Characters that loops may write. */
const MAX_OUTPUT = 5_000_000

interface Node {
  readonly typename: string
  readonly fields: readonly string[]
  readonly children?: readonly Node[]
  readonly value?: unknown
  readonly [field: string]: unknown
}

/** The parser that the library's own compiler uses; its types leave it out. */
const { parser } = nunjucks as unknown as { readonly parser: { parse(template: string): Node } }

const environment = new nunjucks.Environment(null, { autoescape: false })
environment.addFilter('tojson', (value: unknown) => JSON.stringify(value) ?? 'null')
/** Under this the page of a thing is kept in what templates may name: reached by the filter `ui_url` alone. */
export const UI_URL: unique symbol = Symbol('ui_url')
environment.addFilter(
  'ui_url',
  (value: { readonly [UI_URL]?: string } | null | undefined) => value?.[UI_URL] ?? '',
)

/** Throws an Error that says what is not allowed, or where the template cannot be read. Names that nobody gave are empty. */
export function renderJinja(template: string, context: Readonly<Record<string, unknown>> = {}): string {
  if (template.length > MAX_TEMPLATE)
    throw new Error(`a template may have ${MAX_TEMPLATE} characters at most`)
  checkHarmless(parser.parse(template), template.length)
  return environment.renderString(template, { ...context })
}

/** Throws an Error as `renderJinja` does, or for a name that is not among `known`: what nobody gives would be empty for ever. */
export function checkJinja(template: string, known: ReadonlySet<string>): void {
  if (template.length > MAX_TEMPLATE)
    throw new Error(`a template may have ${MAX_TEMPLATE} characters at most`)
  const root = parser.parse(template)
  checkHarmless(root, template.length)
  for (const name of namesIn(root, new Set()))
    if (!known.has(name)) throw new Error(`${name} is not known here; known are ${[...known].join(', ')}`)
}

/** Names that a template looks up, but for those of its own loops. */
function* namesIn(node: Node, own: ReadonlySet<string>): Generator<string> {
  switch (node.typename) {
    case 'Symbol':
      if (!own.has(String(node.value))) yield String(node.value)
      return
    // Their names are those of filters, functions and tests.
    case 'Filter':
    case 'FunCall':
      yield* namesIn(node.args as Node, own)
      return
    case 'Is':
      yield* namesIn(node.left as Node, own)
      return
    case 'For': {
      const bound = new Set([...own, 'loop', ...namesIn(node.name as Node, new Set())])
      yield* namesIn(node.arr as Node, own)
      for (const part of partsOf(node))
        if (part !== node.arr && part !== node.name) yield* namesIn(part, bound)
      return
    }
    default:
      for (const part of partsOf(node)) yield* namesIn(part, own)
  }
}

function checkHarmless(root: Node, templateLength: number): void {
  let nodes = 0
  let loops = 0
  const visit = (node: Node, depth: number, repeats: number, filtersAbove: number): void => {
    if (++nodes > MAX_NODES) throw new Error('the template has too many parts')
    const { typename } = node
    if (!harmless.has(typename)) throw new Error(`${typename} is not allowed in templates of parameters`)
    let [inner, its, filtered] = [depth, repeats, filtersAbove]
    if (typename === 'Filter') {
      const name = String((node.name as Node).value)
      if (!filters.has(name)) throw new Error(`the filter ${name} is not known here`)
      filtered = filtersAbove + 1
      if (filtered > MAX_FILTERS_IN_A_ROW) throw new Error('too many filters stand in a row')
    }
    if (typename === 'LookupVal') checkLookup(node.val as Node)
    if (typename === 'FunCall') checkRange(node)
    if (typename === 'For') {
      inner = depth + 1
      its = repeats * lengthOf(node.arr as Node)
      if (++loops > MAX_LOOPS || inner > MAX_LOOP_DEPTH)
        throw new Error(`a template may have ${MAX_LOOPS} loops, ${MAX_LOOP_DEPTH} in each other`)
      if (its * templateLength > MAX_OUTPUT) throw new Error('the loops of the template write too much')
    }
    for (const part of partsOf(node)) visit(part, inner, its, filtered)
  }
  visit(root, 0, 1, 0)
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'typename' in value && 'fields' in value

function* partsOf(node: Node): Generator<Node> {
  for (const field of node.fields) {
    const value = node[field]
    for (const part of Array.isArray(value) ? value : [value]) if (isNode(part)) yield part
  }
}

/** Only by a name or number that is written out, since one that is computed could be anything. */
function checkLookup({ typename, value }: Node): void {
  if (typename !== 'Literal' || leadsOut.has(String(value)))
    throw new Error(
      `the look-up of ${typename === 'Literal' ? String(value) : 'a computed name'} is not allowed`,
    )
}

function checkRange(node: Node): void {
  const name = (node.name as Node).value
  const given = ((node.args as Node).children ?? []).map((argument) => argument.value)
  if (name !== 'range') throw new Error(`${String(name)} cannot be called in templates of parameters`)
  if (!given.every((value) => typeof value === 'number' && value >= 0 && value <= MAX_RANGE))
    throw new Error(`range takes numbers that are written out, up to ${MAX_RANGE}`)
}

function lengthOf({ typename, children }: Node): number {
  if (typename === 'FunCall') return MAX_RANGE
  if (typename === 'Array') return children?.length ?? 0
  throw new Error('a loop goes over a list that is written out, or over a range')
}
