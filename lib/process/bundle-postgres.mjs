import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/**
 * Where postgres.js writes a function in the assignment to a property, for every query. V8 makes such a function in the old generation
 * (`CheckAssigningFunctionLiteralToProperty` of its parser), and all that this can reach outlives every scavenge until the next full
 * collection: of what the server allocated a fifth was copied each time, which took 20 to 40 ms instead of 1 to 8.
 */
const assignments = [
  { property: 'resolve', literal: 'x => (this.active = false, resolve(x))' },
  { property: 'reject', literal: 'x => (this.active = false, reject(x))' },
]

/** Brings postgres.js into the bundle, with those functions written beside their property, in the young generation. */
export const bundlePostgres = {
  name: 'bundle-postgres',
  setup(build) {
    build.onResolve({ filter: /^postgres$/ }, () => ({
      path: fileURLToPath(import.meta.resolve('postgres')),
    }))
    build.onLoad({ filter: /[\\/]postgres[\\/]src[\\/]query\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8')
      for (const { property, literal } of assignments) {
        const line = `this.${property} = ${literal}\n`
        if (!contents.includes(line))
          throw new Error(`It is not written as before, see bundle-postgres.mjs: ${line}`)
        contents = contents.replace(
          line,
          `const ${property}Young = ${literal}\n    this.${property} = ${property}Young\n`,
        )
      }
      return { contents, loader: 'js' }
    })
  },
}
