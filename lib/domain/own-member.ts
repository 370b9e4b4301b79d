/** What a table holds under a name that somebody sent. What every object inherits, such as `constructor`, is not in it. */
export const ownMember = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined
