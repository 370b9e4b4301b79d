import { GeistMono } from 'geist/font/mono'
import { GeistSans } from 'geist/font/sans'
import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { readReader } from '#app/_server/reader.ts'
import { TimeFrame } from '#app/_ui/clock.tsx'
import { Toaster } from '#app/_ui/toaster.tsx'
import './globals.css'

export const metadata: Metadata = {
  title: { default: 'Rigel', template: '%s • Rigel' },
  description: 'Run flows on your own machines and watch them here.',
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f6f7f9' },
    { media: '(prefers-color-scheme: dark)', color: '#0a0c10' },
  ],
}

export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const { theme, zone } = await readReader()
  return (
    <html
      lang="en"
      className={`${GeistSans.variable} ${GeistMono.variable}`}
      {...(theme === 'system' ? {} : { 'data-theme': theme })}
    >
      <body>
        <TimeFrame zone={zone} renderedAtMs={Date.now()}>
          {children}
          <Toaster />
        </TimeFrame>
      </body>
    </html>
  )
}
