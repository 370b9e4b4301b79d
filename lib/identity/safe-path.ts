/** A path of this site to go on to after signing in; `/` for anything that might lead elsewhere. */
export function safePath(wanted: string | null | undefined): string {
  if (!wanted || wanted.length > 4_000 || !/^\/(?![/\\])/.test(wanted)) return '/'
  // Browsers drop tabs and line breaks from addresses, and read a backslash as a slash.
  if (/[\p{Cc}\\]/u.test(wanted)) return '/'
  const url = new URL(wanted, 'http://here.invalid')
  if (url.origin !== 'http://here.invalid') return '/'
  return url.pathname === '/sign-in' ? '/' : url.pathname + url.search
}
