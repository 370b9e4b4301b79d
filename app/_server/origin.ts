import { headers } from 'next/headers'
import { pageServices } from './services.ts'

/** `https://rigel.example`, as the reader's own tools would reach it. */
export async function pageOrigin(): Promise<string> {
  const { publicUrl } = pageServices()
  if (publicUrl) return publicUrl.replace(/\/+$/, '')
  const sent = await headers()
  const host = sent.get('x-forwarded-host') ?? sent.get('host') ?? 'localhost'
  return `${sent.get('x-forwarded-proto') ?? 'http'}://${host}`
}
