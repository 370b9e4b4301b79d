import { NotFoundHere } from './not-found-here.tsx'

export default function NotFound() {
  return <NotFoundHere />
}
