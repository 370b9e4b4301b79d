import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { bundleOptions } from './build.mjs'

test('no query of the bundle assigns a function where it is written', async () => {
  const { outputFiles } = await build({
    ...bundleOptions,
    ...{ sourcemap: false, outdir: undefined, write: false },
    stdin: { contents: "export { default } from 'postgres'", resolveDir: import.meta.dirname },
  })
  const text = outputFiles?.[0]?.text ?? ''
  const query = text.slice(text.indexOf('extends Promise {'), text.indexOf('get origin()'))
  expect(query).toContain('this.resolve = ')
  expect(query).not.toMatch(/this\.\w+ = (async )?(\(|function|\w+ =>)/)
})
