import type { Outgoing } from '../../domain/automations/notification.ts'
import { type Vault, vaultOf } from '../blocks/vault.ts'
import { postOutside } from './post-outside.ts'
import { RestingReceivers } from './resting-receivers.ts'

/** What notifications are sent by. */
export interface Notifier {
  readonly vault: Vault
  /** Where pages are, without a trailing slash. */
  readonly publicUrl: string
  readonly receivers: RestingReceivers
  /** Throws BadInput, or Unavailable for what may go better another time. */
  readonly post: (outgoing: Outgoing) => Promise<void>
}

export interface NotifierOptions {
  readonly authSecret: string
  readonly publicUrl: string
  /** Whether addresses inside the network of the server may be reached. */
  readonly allowsInside: boolean
}

export const createNotifier = ({ authSecret, publicUrl, allowsInside }: NotifierOptions): Notifier => ({
  vault: vaultOf(authSecret),
  publicUrl,
  receivers: new RestingReceivers(),
  post: (outgoing) => postOutside(outgoing, allowsInside),
})
