import type { Sql } from '../db/clients.ts'

const flushMs = 1_000
const writeEveryMs = 60_000
const longestClient = 200

/** Keeps `last_used_at` and `last_used_by` of keys, in batches and at most once a key a minute: a use must not cost a write. */
export class LastUsed {
  readonly #sql: Sql
  readonly #nowMs: () => number
  readonly #pending = new Map<string, { atMs: number; client: string | null }>()
  readonly #writtenMs = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(sql: Sql, nowMs: () => number) {
    this.#sql = sql
    this.#nowMs = nowMs
  }

  touch(keyId: string, userAgent: string | undefined): void {
    const atMs = this.#nowMs()
    if (atMs - (this.#writtenMs.get(keyId) ?? 0) < writeEveryMs || this.#pending.has(keyId)) return
    this.#pending.set(keyId, { atMs, client: clientText(userAgent) })
    if (!this.#timer) {
      this.#timer = setTimeout(() => void this.flush(), flushMs)
      this.#timer.unref()
    }
  }

  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#pending.size === 0) return
    const rows = [...this.#pending].map(([id, { atMs, client }]) => ({
      id,
      at: new Date(atMs).toISOString(),
      client,
    }))
    this.#pending.clear()
    if (this.#writtenMs.size > 50_000) this.#writtenMs.clear()
    for (const row of rows) this.#writtenMs.set(row.id, Date.parse(row.at))
    try {
      await this.#sql`
        update api_keys k set last_used_at = u.at, last_used_by = u.client
        from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as u(id uuid, at timestamptz, client text)
        where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)`
    } catch {
      // A fact that is nice to know, lost with the database it belongs to; the next use in a minute tells again.
    }
  }

  async close(): Promise<void> {
    await this.flush()
  }
}

function clientText(userAgent: string | undefined): string | null {
  if (!userAgent) return null
  return (
    userAgent
      .toWellFormed()
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, longestClient) || null
  )
}
