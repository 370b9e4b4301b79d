'use client'
import { useEffect } from 'react'

/** `/` opens the workspace that was open last. */
export function RememberWorkspace({ id }: { readonly id: string }) {
  useEffect(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing over plain HTTP
    document.cookie = `rigel-workspace=${id}; path=/; max-age=31536000; samesite=lax`
  }, [id])
  return null
}
