import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

function onPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

const searchPath = (): string => execFileSync('sh', ['-c', 'printf %s "$PATH"']).toString()

/** The system's Chromium for browser journeys; undefined where there is none, and the journeys skip. */
export function findChromium(): string | undefined {
  const path = searchPath()
  return ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
    .map((name) => onPath(name, path))
    .find((file) => file !== undefined)
}

/** A Python that the Prefect 3 client runs on (3.10 to 3.13) and that can make virtual environments. */
export function findPython(): string | undefined {
  return ['python3.11', 'python3.12', 'python3.10', 'python3.13', 'python3', 'python'].find((name) => {
    try {
      execFileSync(
        name,
        ['-c', 'import sys, ensurepip, venv; sys.exit(not ((3, 10) <= sys.version_info < (3, 14)))'],
        { stdio: 'ignore' },
      )
      return true
    } catch {
      return false
    }
  })
}
