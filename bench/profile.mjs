// Reads what `node --cpu-prof` wrote: where the time was spent, in functions themselves and with all that they call.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const shorten = (url) =>
  url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/dist\//, 'dist/')

const nameOf = ({ functionName, url, lineNumber }) =>
  `${functionName || '(anonymous)'}${url ? ` ${shorten(url)}:${lineNumber + 1}` : ''}`

const notWork = new Set(['(idle)', '(root)'])

/** The dearest functions of the youngest profile in a folder: `self` by what they do, `total` with what they call. */
export function topCosts(folder, count = 20) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const youngest = files.sort().at(-1)
  if (!youngest) return { self: [], total: [] }
  for (const file of files) if (file !== youngest) rmSync(join(folder, file))
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, youngest), 'utf8'))
  const nodeOf = new Map(nodes.map((node) => [node.id, { ...node, name: nameOf(node.callFrame), micros: 0 }]))
  samples.forEach((id, i) => {
    const node = nodeOf.get(id)
    if (node && timeDeltas[i] > 0) node.micros += timeDeltas[i]
  })
  const self = new Map()
  const total = new Map()
  const add = (sums, name, micros) => sums.set(name, (sums.get(name) ?? 0) + micros)
  /** Inclusive time; a function that calls itself counts once. */
  const visit = (node, above) => {
    const isWork = !notWork.has(node.name)
    if (isWork) add(self, node.name, node.micros)
    const within = isWork && !above.has(node.name) ? new Set(above).add(node.name) : above
    let sum = isWork ? node.micros : 0
    for (const child of node.children ?? []) sum += visit(nodeOf.get(child), within)
    if (within !== above) add(total, node.name, sum)
    return sum
  }
  const [root] = nodes
  const all = visit(nodeOf.get(root.id), new Set())
  const top = (sums, wanted) =>
    [...sums]
      .filter(([name]) => wanted(name))
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name, micros]) => ({ name, percent: (micros / all) * 100 }))
  return {
    self: top(self, () => true),
    // Node's own frames are below nearly everything and say little.
    total: top(total, (name) => name.includes('.js:') && !name.includes(' node:')),
  }
}
