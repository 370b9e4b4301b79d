import { afterAll } from 'vitest'

const steps: (() => unknown)[] = []

// Registered as the file is read: what a hook or a test registers while it runs would never be called.
afterAll(async () => {
  for (const step of steps.splice(0).reverse()) await step()
})

/** To be done after the file's last test, last things first. */
export function afterFile(step: () => unknown): void {
  steps.push(step)
}
