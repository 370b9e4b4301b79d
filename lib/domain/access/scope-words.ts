import type { WorkspaceScope } from './scopes.ts'

const verbs = { see: 'See', run: 'Run', write: 'Create and change', manage: 'Manage' } as const

const split = (scope: WorkspaceScope): readonly [keyof typeof verbs, string] => {
  const cut = scope.indexOf('_')
  // Every name in the catalogue begins with one of the four verbs; the table of tests holds it to that.
  return [scope.slice(0, cut) as keyof typeof verbs, scope.slice(cut + 1)]
}

const spell = (words: string): string =>
  words
    .replaceAll('_', ' ')
    .replace(/\bmex\b/, 'managed execution')
    .replace(/\bacls\b/, 'object access')

/** `Create and change work pools`. */
export function scopeTitle(scope: WorkspaceScope): string {
  const [verb, object] = split(scope)
  return `${verbs[verb]} ${spell(object)}`
}

/** `Work pools`: what the scope is about. */
export function scopeGroup(scope: WorkspaceScope): string {
  const [, object] = split(scope)
  const group = spell(object === 'secret_blocks' ? 'blocks' : object === 'saved_search' ? 'flows' : object)
  return group.charAt(0).toUpperCase() + group.slice(1)
}
