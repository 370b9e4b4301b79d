import { notFound } from 'next/navigation'
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
