#!/usr/bin/env node
import { executesFlows, main } from './main.js'

const args = process.argv.slice(2)
const goesOn = executesFlows(args)
// Whoever reads may have read enough (`rigel flow-run ls | head -1`) or be gone (a closed terminal), which is no error. What
// only shows things ends then; flows run to their end, and what they record is delivered.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {
    if (stream === process.stdout && !goesOn) process.exit()
  })
}
process.exitCode = await main(args)
