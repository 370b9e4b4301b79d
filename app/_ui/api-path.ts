/** `/account/A/workspace/W` → `/api/accounts/A/workspaces/W`. */
export function apiOf(base: string): string {
  const [, , account, , workspace] = base.split('/')
  return `/api/accounts/${account}/workspaces/${workspace}`
}
