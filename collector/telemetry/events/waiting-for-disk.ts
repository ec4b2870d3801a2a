import type { EventContext } from './event.ts'

export interface WaitingForDisk {
  ticks: number
  directory: string
  fault: string | undefined
  secondsLeft: number
}

/** Logs that the end waits for the disk of the journal. */
export function waitingForDisk({ log }: EventContext, what: WaitingForDisk): void {
  log.warn(
    { ...what },
    'waiting for the disk of the journal to take the last ticks. Free it, or signal again: they are lost then, and the next start names the gap',
  )
}
