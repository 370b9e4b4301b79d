const HOSTED = Symbol.for('rigel.hosted')

/** Whether this process was started to execute one claimed run; true for every copy of the package in it. */
export const isHosted = (): boolean => HOSTED in globalThis

export function markHosted(): void {
  if (!isHosted()) Object.defineProperty(globalThis, HOSTED, { value: true })
}
