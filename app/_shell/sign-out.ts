'use client'
import { sendJson } from '#app/_ui/send-json.ts'

/** Ends this browser's session on the server, then leaves for sign-in. */
export async function signOut(): Promise<void> {
  await sendJson('DELETE', '/api/me/session')
  window.location.assign('/sign-in')
}
