import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identifyProcess, stillRuns } from './process-identity.mjs'

const runtimeSchema = z.object({
  pid: z.number().int().positive(),
  startedAt: z.string().max(200).optional(),
  port: z.number().int(),
  publicUrl: z.string().max(2048),
  databaseUrl: z.string().max(4096).nullable(),
})

/** Where a running server is, for the tools of the same machine. Holds the database's password: its owner's only. */
export interface Runtime {
  readonly port: number
  readonly publicUrl: string
  /** null while the server starts: its database is not ready yet. */
  readonly databaseUrl: string | null
}

export interface RunningRuntime extends Runtime {
  readonly pid: number
}

/** One file a server: several may share a data folder, and whichever stops takes nothing of the others with it. */
const folderIn = (dataDir: string): string => join(dataDir, 'servers')

export function writeRuntime(dataDir: string, runtime: Runtime): void {
  const folder = folderIn(dataDir)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${process.pid}.json`)
  const fresh = `${path}.new`
  rmSync(fresh, { force: true })
  writeFileSync(fresh, JSON.stringify({ ...identifyProcess(process.pid), ...runtime }), { mode: 0o600 })
  renameSync(fresh, path)
}

/** The servers that run on this data folder, the youngest first. The files of dead ones are removed. */
export function readRuntimes(dataDir: string): readonly RunningRuntime[] {
  const folder = folderIn(dataDir)
  const found = namesIn(folder).flatMap((name) => {
    const path = join(folder, name)
    const read = readFile(path)
    if (!read) return []
    if (read.runtime) return [{ runtime: read.runtime, writtenAt: read.writtenAt }]
    rmSync(path, { force: true })
    return []
  })
  return found.sort((a, b) => b.writtenAt - a.writtenAt).map(({ runtime }) => runtime)
}

/** The youngest server on this data folder; undefined when none runs. */
export const readRuntime = (dataDir: string): RunningRuntime | undefined => readRuntimes(dataDir)[0]

export function removeRuntime(dataDir: string): void {
  rmSync(join(folderIn(dataDir), `${process.pid}.json`), { force: true })
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
}

/** Undefined when it is gone; without a runtime when its server is. */
function readFile(
  path: string,
): { readonly writtenAt: number; readonly runtime?: RunningRuntime } | undefined {
  let text: string
  let writtenAt: number
  try {
    text = readFileSync(path, 'utf8')
    writtenAt = statSync(path).mtimeMs
  } catch {
    return undefined
  }
  try {
    const { startedAt, ...runtime } = runtimeSchema.parse(JSON.parse(text))
    return stillRuns({ pid: runtime.pid, startedAt }) ? { writtenAt, runtime } : { writtenAt }
  } catch {
    return { writtenAt }
  }
}
