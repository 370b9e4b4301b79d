'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { sendJson } from '#app/_ui/send-json.ts'
import { Switch } from '#app/_ui/switch.tsx'
import { toastDone, toastFailed } from '#app/_ui/toaster.tsx'
import { Explained } from '#app/_ui/withheld.tsx'

interface ScheduleSwitchProps {
  readonly base: string
  readonly deploymentId: string
  readonly id: string
  readonly name: string
  readonly active: boolean
  /** Why the reader may not turn it; null: they may. */
  readonly why: string | null
}

export function ScheduleSwitch({ base, deploymentId, id, name, active, why }: ScheduleSwitchProps) {
  const router = useRouter()
  const [wanted, setWanted] = useState<boolean | null>(null)
  // What the server says counts as soon as it says it.
  const [seen, setSeen] = useState(active)
  if (seen !== active) {
    setSeen(active)
    setWanted(null)
  }
  const turn = async () => {
    const next = !(wanted ?? active)
    setWanted(next)
    const sent = await sendJson('PATCH', `${apiOf(base)}/deployments/${deploymentId}/schedules/${id}`, {
      active: next,
    })
    if (!sent.ok) {
      setWanted(null)
      return toastFailed(`${name} was not ${next ? 'switched on' : 'paused'}: ${sent.reason}`)
    }
    toastDone(next ? `${name} makes runs again.` : `Paused ${name}.`)
    router.refresh()
  }
  const label = `${name} is active`
  if (why === null) return <Switch checked={wanted ?? active} label={label} onClick={turn} />
  return (
    <Explained why={why} at="left">
      {(describedBy) => (
        <Switch checked={active} label={label} aria-disabled aria-describedby={describedBy} />
      )}
    </Explained>
  )
}
