'use client'
import dynamic from 'next/dynamic'

// Every page of a workspace names it, and few visits see it: its code comes when it is needed.
const NotFoundHere = dynamic(() => import('./not-found-here.tsx').then((file) => file.NotFoundHere))

export default function NotFound() {
  return <NotFoundHere />
}
