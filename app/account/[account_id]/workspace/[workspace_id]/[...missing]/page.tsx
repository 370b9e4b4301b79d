import { notFound } from 'next/navigation'

/** Keeps the shell around an address that leads nowhere. */
export default function MissingPage(): never {
  notFound()
}
