import { notFound } from 'next/navigation'
import { partOf } from '#app/_ui/address.ts'
import { Problem } from '#lib/domain/problem.ts'

/** What a verb answers, or the not-found page where it says so. Other errors go to the error page. */
export async function found<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Problem && error.code === 'not-found') notFound()
    throw error
  }
}

/** A name in an address. Nothing has one with a NUL in it, and no database could be asked for it. */
export function nameIn(encoded: string): string {
  const name = partOf(encoded)
  if (name.includes('\0')) notFound()
  return name
}
