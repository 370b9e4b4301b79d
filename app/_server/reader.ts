import { cookies } from 'next/headers'
import { knownZone } from '#app/_ui/times.ts'

export type Theme = 'light' | 'dark' | 'system'

/** What the reader's browser keeps in cookies so that the first paint is already right. */
export async function readReader(): Promise<{ readonly theme: Theme; readonly zone: string }> {
  const jar = await cookies()
  const theme = jar.get('rigel-theme')?.value
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    zone: knownZone(jar.get('rigel-zone')?.value),
  }
}
