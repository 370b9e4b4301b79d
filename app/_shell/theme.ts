'use client'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export const currentTheme = (): Theme => {
  const set = document.documentElement.dataset.theme
  return set === 'light' || set === 'dark' ? set : 'system'
}

/** Shown at once, and kept in a cookie so that the server paints it the next time. */
export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing over plain HTTP
  document.cookie = `rigel-theme=${theme}; path=/; max-age=31536000; samesite=lax`
}
