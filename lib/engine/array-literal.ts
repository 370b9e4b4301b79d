/**
 * Many values as one parameter: Postgres array literals, and text with separators. Literals of plain items need no quoting;
 * text between separators needs none either, and Postgres cuts it several times faster than it reads a literal.
 */

/** Items without quotes, commas, braces or backslashes: UUIDs, numbers, instants. */
export const plainArray = (items: readonly (string | number | boolean | null)[]): string => {
  let text = '{'
  for (let i = 0; i < items.length; i++) text += i === 0 ? (items[i] ?? 'NULL') : `,${items[i] ?? 'NULL'}`
  return `${text}}`
}

const special = /[\\"]/
const specials = /[\\"]/g

/** Any text. */
export const textArray = (items: readonly (string | null)[]): string => {
  let text = '{'
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (i > 0) text += ','
    if (item === null || item === undefined) text += 'NULL'
    else text += special.test(item) ? `"${item.replace(specials, '\\$&')}"` : `"${item}"`
  }
  return `${text}}`
}

const SEPARATOR = '\x1e'
const NULL_MARK = '\x1d'

/**
 * For `string_to_array(…, e'\x1e', e'\x1d')`; null where that cannot say it: when an item holds the separator or is the mark, and
 * when a single empty item would be no item.
 */
export const separatedText = (items: readonly (string | null)[]): string | null => {
  if (items.length === 1 && items[0] === '') return null
  let text = ''
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (i > 0) text += SEPARATOR
    if (item === null || item === undefined) text += NULL_MARK
    else if (item === NULL_MARK || item.includes(SEPARATOR)) return null
    else text += item
  }
  return text
}
