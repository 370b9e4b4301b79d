/** JSON with numbers kept as they are written: 1.0 stays 1.0, and an integer of any length stays exact. */
export type Lossless = null | boolean | string | NumberLiteral | Lossless[] | LosslessObject
/** Keys in the order they were met, whatever they are called; of two alike the last counts. */
export type LosslessObject = Map<string, Lossless>

export class NumberLiteral {
  constructor(readonly literal: string) {}
}

export const isObject = (value: Lossless | undefined): value is LosslessObject => value instanceof Map

/** Reads JSON text. Throws SyntaxError where JSON.parse would, and RangeError beyond 500 levels. */
export function parseLossless(text: string): Lossless {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

const MAX_DEPTH = 500
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SPACE = /[ \t\n\r]*/y

class Reader {
  #at = 0
  constructor(readonly text: string) {}

  value(depth: number): Lossless {
    if (depth > MAX_DEPTH) throw new RangeError(`JSON nested deeper than ${MAX_DEPTH} levels`)
    this.#space()
    const first = this.text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"') return this.#string()
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.text.startsWith(word, this.#at)) {
        this.#at += word.length
        return value
      }
    }
    return new NumberLiteral(this.#match(NUMBER))
  }

  end(): void {
    this.#space()
    if (this.#at < this.text.length) this.#fail()
  }

  #object(depth: number): LosslessObject {
    const members: LosslessObject = new Map()
    this.#at++
    if (this.#skip('}')) return members
    do {
      this.#space()
      const key = this.#string()
      if (!this.#skip(':')) this.#fail()
      members.set(key, this.value(depth + 1))
    } while (this.#skip(','))
    if (!this.#skip('}')) this.#fail()
    return members
  }

  #array(depth: number): Lossless[] {
    const items: Lossless[] = []
    this.#at++
    if (this.#skip(']')) return items
    do items.push(this.value(depth + 1))
    while (this.#skip(','))
    if (!this.#skip(']')) this.#fail()
    return items
  }

  #string(): string {
    return JSON.parse(this.#match(STRING)) as string
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.text) ?? []
    if (found === undefined) this.#fail()
    this.#at += found.length
    return found
  }

  #skip(char: string): boolean {
    this.#space()
    if (this.text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #space(): void {
    SPACE.lastIndex = this.#at
    this.#at += SPACE.exec(this.text)?.[0].length ?? 0
  }

  #fail(): never {
    throw new SyntaxError(`Unexpected ${this.text[this.#at] ?? 'end'} at ${this.#at} of the JSON text`)
  }
}

/** An object from JSON text; null when it is no object, or nested too deep. For text that is known to be JSON. */
export function parseLosslessObject(text: string): LosslessObject | null {
  try {
    const value = parseLossless(text)
    return isObject(value) ? value : null
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** JSON text, without spaces. */
export const writeLossless = (value: Lossless): string =>
  write(value, { comma: ',', colon: ':', text: JSON.stringify, keys: (keys) => keys })

/** JSON text as Python's `json.dumps(value, sort_keys=True)` writes it, by which clients compute checksums. */
export const writeLikePython = (value: Lossless): string =>
  write(value, { comma: ', ', colon: ': ', text: asciiText, keys: byCodePoint })

interface Style {
  readonly comma: string
  readonly colon: string
  readonly text: (text: string) => string
  readonly keys: (keys: string[]) => string[]
}

function write(value: Lossless, style: Style): string {
  if (value instanceof NumberLiteral) return value.literal
  if (typeof value === 'string') return style.text(value)
  if (Array.isArray(value)) return `[${value.map((item) => write(item, style)).join(style.comma)}]`
  if (value instanceof Map) {
    const members = style
      .keys([...value.keys()])
      .map((key) => `${style.text(key)}${style.colon}${write(value.get(key) ?? null, style)}`)
    return `{${members.join(style.comma)}}`
  }
  return String(value)
}

const asciiText = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** UTF-16 units, which JavaScript compares by, sort characters beyond U+FFFF before U+E000; Python does not. */
const byCodePoint = (keys: string[]): string[] =>
  keys.sort((a, b) => {
    const [left, right] = [[...a], [...b]]
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
      if (difference !== 0) return difference
    }
    return left.length - right.length
  })
