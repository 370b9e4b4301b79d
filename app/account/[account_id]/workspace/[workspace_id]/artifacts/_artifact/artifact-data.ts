import { isObject, type Lossless, NumberLiteral, writeLossless } from '#lib/domain/lossless-json.ts'

export interface Cell {
  readonly text: string
  readonly numeric: boolean
}

export interface Grid {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** Rows that are there and not shown. */
  readonly left: number
}

export const mostRows = 1000
const mostColumns = 100

const cellOf = (value: Lossless | undefined): Cell => ({
  text: value === undefined || value === null ? '' : typeof value === 'string' ? value : writeLossless(value),
  numeric: value instanceof NumberLiteral,
})

/** A table as clients send it: rows as objects, columns as lists, or rows as lists. null for anything else. */
export function gridOf(value: Lossless): Grid | null {
  if (Array.isArray(value)) {
    const objects = value.filter(isObject)
    if (objects.length === value.length) {
      const columns = [...new Set(objects.flatMap((row) => [...row.keys()]))].slice(0, mostColumns)
      return grid(columns, objects, (row) => columns.map((column) => cellOf(row.get(column))))
    }
    const lists = value.filter((row) => Array.isArray(row))
    if (lists.length !== value.length) return null
    const width = Math.min(mostColumns, Math.max(0, ...lists.slice(0, mostRows).map((row) => row.length)))
    const columns = Array.from({ length: width }, (_, index) => String(index + 1))
    return grid(columns, lists, (row) => columns.map((_, index) => cellOf(row[index])))
  }
  if (!isObject(value)) return null
  const columns = [...value].slice(0, mostColumns)
  if (!columns.every(([, column]) => Array.isArray(column))) return null
  const lists = columns.map(([, column]) => (Array.isArray(column) ? column : []))
  const length = Math.max(0, ...lists.map((column) => column.length))
  const indexes = Array.from({ length }, (_, index) => index)
  return grid(
    columns.map(([name]) => name),
    indexes,
    (index) => lists.map((column) => cellOf(column[index])),
  )
}

const grid = <Row>(
  columns: readonly string[],
  rows: readonly Row[],
  cells: (row: Row) => readonly Cell[],
): Grid => ({
  columns,
  rows: rows.slice(0, mostRows).map(cells),
  left: Math.max(0, rows.length - mostRows),
})

/** A picture that the data itself holds. Drawings that may carry script or addresses are no pictures. */
export const safePicture = (address: string): boolean =>
  /^data:image\/(png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=]+$/.test(address)

const typeWords: Readonly<Record<string, string>> = {
  markdown: 'Markdown',
  table: 'Table',
  link: 'Link',
  progress: 'Progress',
  image: 'Picture',
  result: 'Result',
}

export const artifactTypeWord = (type: string | null): string =>
  type === null ? 'Data' : (typeWords[type] ?? type)

/** The first words of an artifact, for a row. */
export function previewOf(type: string | null, data: string | null): string {
  if (data === null) return ''
  if (data.length > 100_000) return ''
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    value = data
  }
  const text = typeof value === 'string' ? value : data
  if (type === 'progress') return `${text} %`
  if (type === 'image') return text.startsWith('data:') ? 'A picture' : text
  if (type === 'table') return ''
  return plainOf(text)
}

/** Its first words without the marks of Markdown; those within a word are a part of it. */
export const plainOf = (markdown: string): string =>
  markdown
    .slice(0, 2000)
    .replace(/[#*`>|]+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, ' ')
    .replace(/\s+([.,;:!?])(?=\s|$)|\s+/g, (_, mark: string | undefined) => mark ?? ' ')
    .trim()
    .slice(0, 200)
