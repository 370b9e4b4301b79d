#!/usr/bin/env node
// In the published package the command itself lies beside; in a fresh clone it has to be built first. The file exists in
// both, because npm links a command at installation only when its file is there.
import { existsSync } from 'node:fs'

const command = new URL('../dist/cli.js', import.meta.url)
if (existsSync(command)) await import(command.href)
else {
  process.stderr.write('rigel: this clone is not built yet\n  try: npm start (or: node agent/build.mjs)\n')
  process.exitCode = 1
}
