/**
 * What the verbs tell every replica when access was taken away or changed, by NOTIFY in the same transaction:
 * `key:<id>` and `session:<id>` for credentials, `user:<id>` for a user's roles or profile, `workspace:<id>` and
 * `account:<id>` when they are gone or renamed.
 */
export const ACCESS_CHANNEL = 'rigel_identity'

export const noticeKinds = ['key', 'session', 'user', 'workspace', 'account'] as const
export type NoticeKind = (typeof noticeKinds)[number]

export interface AccessNotice {
  readonly kind: NoticeKind
  readonly id: string
}

export const formatNotice = ({ kind, id }: AccessNotice): string => `${kind}:${id}`

/** null for text that is no notice: other programs may use the same channel. */
export function parseNotice(text: string): AccessNotice | null {
  const [kind, id, ...rest] = text.split(':')
  const known = noticeKinds.find((each) => each === kind)
  return known && id && rest.length === 0 ? { kind: known, id } : null
}
