import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Transpiler } from './find-transpiler.js'

/** Module hooks that let `rigel run` import TypeScript files. They live in a thread of their own where Node wants it so. */
export interface HookData {
  readonly transpiler: Transpiler | null
  /** This package: a flow file always meets the SDK that belongs to the command that runs it. */
  readonly agentUrl: string
}

interface Resolved {
  readonly url: string
  readonly shortCircuit?: boolean
}
interface Loaded {
  readonly format: string
  readonly source?: string
  readonly shortCircuit?: boolean
}

let data: HookData = { transpiler: null, agentUrl: '' }
let transpile: ((source: string, file: string) => string) | null = null

export function initialize(given: HookData): void {
  data = given
  transpile = given.transpiler && makeTranspile(given.transpiler)
}

const TYPESCRIPT = /\.(ts|mts|tsx)$/

interface Esbuild {
  transformSync(source: string, options: object): { code: string }
}
interface TypeScript {
  transpileModule(source: string, options: object): { outputText: string }
}

function makeTranspile(transpiler: Transpiler): typeof transpile {
  if (transpiler.kind === 'node') return null
  const tool: unknown = createRequire(import.meta.url)(transpiler.path)
  if (transpiler.kind === 'esbuild') {
    return (source, file) => {
      try {
        return (tool as Esbuild).transformSync(source, {
          loader: file.endsWith('x') ? 'tsx' : 'ts',
          format: 'esm',
          target: 'node20',
          sourcefile: file,
          sourcemap: 'inline',
          // What is wrong is thrown, and told once.
          logLevel: 'silent',
        }).code
      } catch (error) {
        throw plainSyntaxError(error)
      }
    }
  }
  const compilerOptions = { module: 99, target: 9, inlineSourceMap: true, jsx: 4 }
  return (source, fileName) =>
    (tool as TypeScript).transpileModule(source, { compilerOptions, fileName }).outputText
}

/** What is wrong and in which line; where esbuild found out helps nobody. */
function plainSyntaxError(error: unknown): SyntaxError {
  const said = (error instanceof Error ? error.message : String(error)).replace(/^Transform failed.*\n/, '')
  const plain = new SyntaxError(said)
  plain.stack = `SyntaxError: ${said}`
  return plain
}

type NextResolve<R> = (specifier: string, context: object) => R

export async function resolve(
  specifier: string,
  context: object,
  next: NextResolve<Promise<Resolved>>,
): Promise<Resolved> {
  if (specifier === '@rigel/agent') return { url: data.agentUrl, shortCircuit: true }
  try {
    return await next(specifier, context)
  } catch (error) {
    for (const candidate of otherSpellings(specifier, error)) {
      const found = await next(candidate, context).catch(() => null)
      if (found) return found
    }
    throw error
  }
}

export function resolveSync(specifier: string, context: object, next: NextResolve<Resolved>): Resolved {
  if (specifier === '@rigel/agent') return { url: data.agentUrl, shortCircuit: true }
  try {
    return next(specifier, context)
  } catch (error) {
    for (const candidate of otherSpellings(specifier, error)) {
      try {
        return next(candidate, context)
      } catch {
        // The next spelling may fit; the first error is the one that tells the most.
      }
    }
    throw error
  }
}

/** TypeScript projects write `./x.js` or `./x` for the file `x.ts`. */
function otherSpellings(specifier: string, error: unknown): string[] {
  const code = (error as NodeJS.ErrnoException).code
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT'
  if (!isMissing || !/^(\.{1,2}\/|\/|file:)/.test(specifier)) return []
  if (/\.m?js$/.test(specifier)) return [specifier.replace(/js$/, 'ts'), specifier.replace(/js$/, 'tsx')]
  return [`${specifier}.ts`, `${specifier}.tsx`, `${specifier}.js`, `${specifier}/index.ts`]
}

export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  return loadTypeScript(url) ?? next(url, context)
}

export function loadSync(
  url: string,
  context: object,
  next: (url: string, context: object) => Loaded,
): Loaded {
  return loadTypeScript(url) ?? next(url, context)
}

function loadTypeScript(url: string): Loaded | null {
  const [address = ''] = url.split('?')
  if (!transpile || !address.startsWith('file:') || !TYPESCRIPT.test(address)) return null
  const file = fileURLToPath(address)
  return { format: 'module', source: transpile(readFileSync(file, 'utf8'), file), shortCircuit: true }
}
