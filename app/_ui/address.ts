/** A part of an address as it reads; one that means nothing stays as it is. */
export function partOf(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
