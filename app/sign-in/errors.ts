import { ownMember } from '#lib/domain/own-member.ts'

/** What went wrong on the way in: fact, cause, next step. Codes are next-auth's and our own. */
const sentences: Readonly<Record<string, string>> = {
  AccessDenied:
    'GitHub was not allowed to tell Rigel who you are, so you are not signed in. Continue with GitHub to try again.',
  OAuthCallback:
    'GitHub sent you back with an answer that is no longer valid: it was used before, or too old. Start again from here.',
  OAuthSignin:
    'GitHub could not be reached. Check that this server can open connections to it, then try again.',
  OAuthCreateAccount:
    'GitHub says who you are, but your account could not be made. Try again; if it stays, ask the operator to look into the log.',
  Callback:
    'Something went wrong while you were signed in. Try again; if it stays, ask the operator to look into the log.',
  Configuration: 'This server has no GitHub credentials, so nobody can sign in with GitHub here.',
  TooMany: 'Too many attempts to sign in came from your address. Wait a minute, then try again.',
  LinkUsed:
    'This sign-in link was used already or is older than 15 minutes. Start Rigel again to get a new one.',
  NoLocalLink:
    'Sign-in links work only on a server for one machine without GitHub credentials. Continue with GitHub.',
}

export const errorSentence = (code: string): string =>
  ownMember(sentences, code) ??
  'You could not be signed in. Try again; if it stays, ask the operator to look into the log.'
