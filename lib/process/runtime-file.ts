import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identifyProcess, stillRuns } from './process-identity.mjs'

const runtimeSchema = z.object({
  pid: z.number().int().positive(),
  startedAt: z.string().max(200).optional(),
  port: z.number().int(),
  publicUrl: z.string().max(2048),
  databaseUrl: z.string().max(4096),
})

/** Where a running server is, for the tools of the same machine. Holds the database's password: its owner's only. */
export interface Runtime {
  readonly port: number
  readonly publicUrl: string
  readonly databaseUrl: string
}

const pathIn = (dataDir: string): string => join(dataDir, 'runtime.json')

export function writeRuntime(dataDir: string, runtime: Runtime): void {
  mkdirSync(dataDir, { recursive: true })
  const path = pathIn(dataDir)
  const fresh = `${path}.${process.pid}`
  rmSync(fresh, { force: true })
  writeFileSync(fresh, JSON.stringify({ ...identifyProcess(process.pid), ...runtime }), { mode: 0o600 })
  renameSync(fresh, path)
}

/** Undefined when no server runs on this data folder. */
export function readRuntime(dataDir: string): (Runtime & { readonly pid: number }) | undefined {
  let text: string
  try {
    text = readFileSync(pathIn(dataDir), 'utf8')
  } catch {
    return undefined
  }
  try {
    const { startedAt, ...runtime } = runtimeSchema.parse(JSON.parse(text))
    return stillRuns({ pid: runtime.pid, startedAt }) ? runtime : undefined
  } catch {
    return undefined
  }
}

/** Of this process only: with two servers on one folder the file is the younger one's. */
export function removeRuntime(dataDir: string): void {
  if (readRuntimePid(dataDir) === process.pid) rmSync(pathIn(dataDir), { force: true })
}

function readRuntimePid(dataDir: string): number | undefined {
  try {
    return runtimeSchema.parse(JSON.parse(readFileSync(pathIn(dataDir), 'utf8'))).pid
  } catch {
    return undefined
  }
}
