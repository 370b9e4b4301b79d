/**
 * Who is here now, for what comes and goes thousands of times a second. A Set would do, but each time it grows it leaves its
 * old table behind, which still points to everybody who was in it and to the next table: once one of these tables is old, the
 * collector of young garbage keeps all that ever were in any later one, until the next full collection.
 */
export class RollCall<Member> {
  readonly #entries: { readonly member: Member; at: number }[] = []

  /** Answers what takes the member out again; to be called once. */
  add(member: Member): () => void {
    const entry = { member, at: this.#entries.length }
    this.#entries.push(entry)
    return () => {
      const last = this.#entries.pop()
      if (last === undefined || last === entry) return
      last.at = entry.at
      this.#entries[entry.at] = last
    }
  }

  get size(): number {
    return this.#entries.length
  }

  *[Symbol.iterator](): Iterator<Member> {
    for (const { member } of [...this.#entries]) yield member
  }
}
