/** What an address may carry for a list: read without ever throwing. */
export type SearchParams = Readonly<Record<string, string | readonly string[] | undefined>>

/** A text of the address; null where there is none. */
export const textParam = (value: string | readonly string[] | undefined): string | null =>
  (typeof value === 'string' ? value.replaceAll('\0', '').trim().slice(0, 500) : '') || null

/** Most values of a member that stands several times. */
const maxValues = 50

/** All texts of a member that may stand several times: a tag may hold a comma, so none separates them. */
export const textParams = (value: string | readonly string[] | undefined): readonly string[] => [
  ...new Set(
    [value ?? []]
      .flat()
      .flatMap((each) => textParam(each) ?? [])
      .slice(0, maxValues),
  ),
]

/** The number of a page, from 1. */
export function pageParam(value: string | readonly string[] | undefined): number {
  const text = typeof value === 'string' ? value : ''
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 1
}

/** The address with these members; empty ones are left out. */
export function hrefWith(
  path: string,
  params: Readonly<Record<string, string | number | readonly string[] | null | undefined>>,
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params))
    if (value !== null && value !== undefined && value !== '')
      for (const each of [value].flat()) query.append(name, String(each))
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

/** Where the pages before and after this one are. */
export function turns(
  path: string,
  params: Readonly<Record<string, string | readonly string[] | null>>,
  page: number,
  pageSize: number,
  count: number,
): { readonly previousHref: string | null; readonly nextHref: string | null } {
  const to = (next: number) => hrefWith(path, { ...params, page: next > 1 ? next : null })
  return {
    previousHref: page > 1 ? to(page - 1) : null,
    nextHref: page * pageSize < count ? to(page + 1) : null,
  }
}
