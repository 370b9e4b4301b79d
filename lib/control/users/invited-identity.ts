/**
 * Stands in user_identities for somebody whom an operator named by GitHub login and e-mail before they ever signed in.
 * Both must agree at the first sign-in: a login alone may be given up and taken by a stranger, and an e-mail alone is
 * what anybody may write into a profile.
 */
export const invitedIdentity = (
  login: string,
  email: string,
): { readonly provider: string; readonly providerAccountId: string } => ({
  provider: 'github-invited',
  providerAccountId: `${login.toLowerCase()} ${email.toLowerCase()}`,
})
