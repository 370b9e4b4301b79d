/** Lists of items by their key, each in the order of the rows. */
export function grouped<Row, Item>(
  rows: Iterable<Row>,
  keyOf: (row: Row) => string,
  itemOf: (row: Row) => Item,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group) group.push(itemOf(row))
    else groups.set(key, [itemOf(row)])
  }
  return groups
}
