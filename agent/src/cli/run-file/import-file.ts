import * as nodeModule from 'node:module'
import { pathToFileURL } from 'node:url'
import { errorStory } from '../../record/error-story.js'
import { CliError } from '../cli-error.js'
import { findTranspiler } from './find-transpiler.js'
import * as hooks from './typescript-hooks.js'

/** What a file threw when it was imported; the message tells where. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure'
}

/** Imports a JavaScript or TypeScript file as a module. Throws CliError when nothing here can read TypeScript, LoadFailure for what the file throws. */
export async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const transpiler = findTranspiler(file)
  if (!transpiler && /\.(ts|mts|tsx)$/.test(file)) {
    throw new CliError(
      `Node ${process.versions.node} cannot read TypeScript by itself. Use Node 22.18 or newer, or give the project esbuild`,
      'npm install --save-dev esbuild',
    )
  }
  installHooks({ transpiler, agentUrl: new URL('./index.js', distUrl()).href })
  // So that stacks tell the lines that the user wrote.
  process.setSourceMapsEnabled(true)
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    throw new LoadFailure(`${file} could not be loaded. ${errorStory(error)}`, { cause: error })
  }
}

/** The folder of the built package. Bundling puts this file into `dist/` or `dist/chunks/`. */
function distUrl(): string {
  return import.meta.url.replace(/(chunks\/)?[^/]*$/, '')
}

/** `registerHooks` came with Node 22.15; its elder sister runs the hooks in a thread of their own. */
function installHooks(data: hooks.HookData): void {
  const registerHooks = (nodeModule as { registerHooks?: (given: object) => void }).registerHooks
  if (registerHooks) {
    hooks.initialize(data)
    registerHooks({ resolve: hooks.resolveSync, load: hooks.loadSync })
  } else {
    nodeModule.register(new URL('./typescript-hooks.js', distUrl()).href, { data })
  }
}
