import type { EventContext } from './event.ts'

export interface UniverseUnknown {
  symbols: readonly string[]
  /** Lines of earlier settings are open, and stay so. */
  areLinesKept: boolean
}

/** Logs that the gateway knows nothing of what is to be recorded. */
export function universeUnknown({ log }: EventContext, { symbols, areLinesKept }: UniverseUnknown): void {
  const what = areLinesKept ? 'the changed universe is not taken over; the lines stay as they are' : 'nothing is recorded'
  log.error(
    { symbols },
    `the gateway knows none of the underlyings: ${what}. It is asked again every minute; check universe.underlyings, and the definition farm in TWS`,
  )
}
