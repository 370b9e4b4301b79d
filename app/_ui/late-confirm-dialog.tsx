'use client'
import { lateDialog } from './late-dialog.tsx'

/** The question before what cannot be undone, whose code comes when it is asked. */
export const ConfirmDialog = lateDialog(() =>
  import('./confirm-dialog.tsx').then((file) => file.ConfirmDialog),
)
