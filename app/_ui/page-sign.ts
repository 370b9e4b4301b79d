'use client'
import { useEffect } from 'react'
import type { StateType } from '#lib/domain/state.ts'
import { showState } from './states.ts'

const star =
  'M12 .2Q13.3 9.6 22.4 6Q14.9 12 22.4 18Q13.3 14.4 12 23.8Q10.7 14.4 1.6 18Q9.1 12 1.6 6Q10.7 9.6 12 .2Z'

/** The tab says how the run stands: the word in its title, a dot of the state's colour on its star. */
export function usePageSign(run: {
  readonly name: string
  readonly stateType: StateType
  readonly stateName: string
}): void {
  const { word, family } = showState(run.stateType, run.stateName)
  useEffect(() => {
    document.title = `${word} · ${run.name} • Rigel`
    const colours = getComputedStyle(document.documentElement)
    const ink = colours.getPropertyValue('--accent-ink')
    const mark = colours.getPropertyValue(`--state-${family}`)
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="${ink}" d="${star}"/><circle cx="18" cy="18" r="6" fill="${mark}"/></svg>`
    const link = document.createElement('link')
    link.rel = 'icon'
    link.type = 'image/svg+xml'
    link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`
    document.head.append(link)
    return () => link.remove()
  }, [word, family, run.name])
}
