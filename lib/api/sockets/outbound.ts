import type { WebSocket } from 'ws'
import { CLOSE } from './accept.ts'

/** What may wait in memory for a subscriber that reads slowly. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024

/** Sends frames; a subscriber that falls too far behind is closed, so that it comes back and fills the gap knowingly. */
export function outbound(ws: WebSocket): (frame: string) => void {
  return (frame) => {
    if (ws.readyState !== ws.OPEN) return
    if (ws.bufferedAmount > MAX_BACKLOG_BYTES) {
      ws.close(CLOSE.trouble, 'reading too slowly; subscribe again')
      return
    }
    ws.send(frame)
  }
}
