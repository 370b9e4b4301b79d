'use client'
import { useSyncExternalStore } from 'react'
import { currentTheme, setTheme, type Theme } from '#app/_shell/theme.ts'
import { SegmentedControl } from '#app/_ui/segmented.tsx'

const subscribe = (changed: () => void) => {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}

export function ThemeChoice() {
  const theme = useSyncExternalStore<Theme>(subscribe, currentTheme, () => 'system')
  return (
    <SegmentedControl
      label="Theme"
      value={theme}
      onChange={setTheme}
      options={[
        { value: 'system', label: 'Same as system' },
        { value: 'light', label: 'Light' },
        { value: 'dark', label: 'Dark' },
      ]}
    />
  )
}
