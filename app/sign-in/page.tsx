import { GitBranch, TriangleAlert } from 'lucide-react'
import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { Button } from '#app/_ui/button.tsx'
import { Mark } from '#app/_ui/mark.tsx'
import { Note } from '#app/_ui/note.tsx'
import { authSettings } from '#lib/identity/auth-settings.ts'
import { currentActor } from '#lib/identity/page-session.ts'
import { safePath } from '#lib/identity/safe-path.ts'
import { errorSentence } from './errors.ts'
import { Sky } from './sky.tsx'

export const metadata: Metadata = { title: 'Sign in' }

type Query = Readonly<Record<string, string | readonly string[] | undefined>>

const one = (value: Query[string]): string | undefined => (typeof value === 'string' ? value : value?.[0])

export default async function SignInPage({ searchParams }: { readonly searchParams: Promise<Query> }) {
  const query = await searchParams
  const settings = authSettings(await headers())
  // next-auth's cookie holds a whole address of this site; pages give the path alone.
  const wanted = one(query.callbackUrl) ?? one(query.next)
  const callbackPath = safePath(
    wanted?.startsWith(`${settings.origin}/`) ? wanted.slice(settings.origin.length) : wanted,
  )
  const error = one(query.error)
  // A link or a callback that is visited a second time by the browser it signed in is no failure.
  if ((!error || error === 'LinkUsed' || error === 'OAuthCallback') && (await currentActor()))
    redirect(callbackPath)

  return (
    <main className="grid min-h-dvh grid-cols-[minmax(0,1fr)_minmax(0,1.1fr)] bg-surface max-sm:grid-cols-1 max-sm:grid-rows-[168px_1fr]">
      <div className="flex flex-col items-center justify-between p-8 max-sm:px-4 max-sm:py-6">
        <div className="my-auto w-full max-w-84 max-sm:my-0">
          <div className="mb-10 flex items-center gap-2.5 max-sm:mb-6">
            <Mark size={26} />
            <span className="font-semibold text-[18px] tracking-[-0.02em]">Rigel</span>
          </div>
          <h1 className="font-semibold text-xl tracking-[-0.015em]">Sign in to Rigel</h1>
          <p className="mt-1 mb-6 text-ink-2">Run flows on your own machines and watch them here.</p>
          {error ? (
            <div className="mb-4">
              <Note family="late" icon={<TriangleAlert size={14} />} role="alert">
                {errorSentence(error)}
              </Note>
            </div>
          ) : null}
          {settings.github ? (
            <WithGitHub callbackPath={callbackPath} host={new URL(settings.github.url).host} />
          ) : (
            <WithLink />
          )}
        </div>
        <footer className="flex flex-wrap gap-x-4 gap-y-1 text-ink-3 text-xs">
          <span>{new URL(settings.origin).host}</span>
          <a className="link" href="/docs">
            Docs
          </a>
        </footer>
      </div>
      <Sky />
    </main>
  )
}

function WithGitHub({ callbackPath, host }: { readonly callbackPath: string; readonly host: string }) {
  return (
    <>
      <form method="post" action="/sign-in/github">
        <input type="hidden" name="callbackUrl" value={callbackPath} />
        <Button type="submit" kind="primary" size="lg" className="w-full">
          <GitBranch aria-hidden size={16} />
          Continue with GitHub
        </Button>
      </form>
      <p className="mt-4 text-ink-3 text-xs">
        Your first sign-in creates a personal account and a workspace. Rigel reads your GitHub name and e-mail
        address{host === 'github.com' ? '' : ` from ${host}`}, never your code.
      </p>
    </>
  )
}

/** Without GitHub credentials the link on the terminal is the way in. */
function WithLink() {
  return (
    <>
      <p className="text-base text-ink">
        Open the sign-in link that Rigel printed in its terminal when it started. It works once, for 15
        minutes.
      </p>
      <p className="mt-4 text-ink-3 text-xs">
        Start Rigel again to get a new link. To let people sign in with GitHub, set{' '}
        <code className="font-mono">GITHUB_ID</code> and <code className="font-mono">GITHUB_SECRET</code>.
      </p>
    </>
  )
}
