import { createRequire } from 'node:module'

/** What turns TypeScript into JavaScript: Node itself, or a package that the project has. */
export type Transpiler =
  | { readonly kind: 'node' }
  | { readonly kind: 'esbuild' | 'typescript'; readonly path: string }

/**
 * esbuild first (also the one inside tsx), because it takes all of TypeScript; then Node's own type stripping
 * (22.18 and newer), which takes the erasable part; then the typescript package. Null when there is none.
 */
export function findTranspiler(file: string): Transpiler | null {
  const places = [createRequire(file), createRequire(import.meta.url)]
  for (const require of places) {
    const path = find(require, 'esbuild') ?? find(nested(require, 'tsx'), 'esbuild')
    if (path) return { kind: 'esbuild', path }
  }
  if ('typescript' in process.features && process.features.typescript) return { kind: 'node' }
  for (const require of places) {
    const path = find(require, 'typescript')
    // From version 7 on the package is a command without this function.
    if (path && typeof (require(path) as { transpileModule?: unknown }).transpileModule === 'function') {
      return { kind: 'typescript', path }
    }
  }
  return null
}

function nested(require: NodeJS.Require, name: string): NodeJS.Require | null {
  const path = find(require, name)
  return path ? createRequire(path) : null
}

function find(require: NodeJS.Require | null, name: string): string | null {
  try {
    return require?.resolve(name) ?? null
  } catch {
    return null
  }
}
