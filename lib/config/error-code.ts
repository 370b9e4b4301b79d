/** `ENOENT`, `40001`: by what code files, the network, Node or the database name a failure. undefined: it names none. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
