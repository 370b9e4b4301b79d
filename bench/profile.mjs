// Reads what `node --cpu-prof` wrote: the functions that the time was spent in, without what they call.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const shorten = (url) =>
  url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/dist\//, 'dist/')

/** The dearest functions of the youngest profile in a folder. Idle time counts as none. */
export function topCosts(folder, count = 25) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const youngest = files.sort().at(-1)
  if (!youngest) return []
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, youngest), 'utf8'))
  for (const file of files) if (file !== youngest) rmSync(join(folder, file))
  const nameOf = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'}${url ? ` ${shorten(url)}:${lineNumber + 1}` : ''}`,
    ]),
  )
  const micros = new Map()
  let total = 0
  samples.forEach((id, i) => {
    const name = nameOf.get(id) ?? '?'
    if (name === '(idle)' || name === '(root)') return
    total += timeDeltas[i]
    micros.set(name, (micros.get(name) ?? 0) + timeDeltas[i])
  })
  return [...micros]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, spent]) => ({ name, percent: (spent / total) * 100 }))
}
