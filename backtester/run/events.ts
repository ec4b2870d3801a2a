/** What happened to the account, as a result keeps it: a sentence for people, and the figures for what counts on them. */

import type { AccountEvent } from '../engine/events.ts'
import type { RunEvent } from './result.ts'

export function runEvent(event: AccountEvent): RunEvent {
  const { tsUs, kind, ...figures } = event
  const instrument = 'instrument' in event ? event.instrument : undefined
  const { instrument: _instrument, message: _message, ...details } = { instrument: undefined, message: undefined, ...figures }
  return {
    tsUs,
    kind,
    message: sentenceOf(event),
    ...(instrument !== undefined && { instrument }),
    ...(Object.keys(details).length > 0 && { details }),
  }
}

/** What it happened to, and what came of that. */
export function instrumentsOf(event: AccountEvent): number[] {
  const own = 'instrument' in event && event.instrument !== undefined ? [event.instrument] : []
  const renumbered = event.kind === 'renumbered' ? [event.to] : []
  const moved = 'moves' in event ? event.moves.map(({ instrument }) => instrument) : []
  return [...own, ...renumbered, ...moved]
}

function sentenceOf(event: AccountEvent): string {
  switch (event.kind) {
    case 'dividend':
      return `${event.amount < 0 ? 'Owed' : 'Received'} a dividend of ${event.perShare} a share: ${event.amount}.`
    case 'split':
      return `Each share became ${event.ratio}.`
    case 'renumbered':
      return `It goes on as instrument ${event.to}.`
    case 'exercise':
      return event.isEarly ? 'Exercised before expiry.' : 'Exercised at expiry.'
    case 'assignment':
      return event.isEarly ? 'Assigned before expiry.' : 'Assigned at expiry.'
    case 'expiry':
      return 'Expired.'
    case 'delisting':
      return 'Paid out: it is no longer listed.'
    case 'interest':
    case 'borrow':
      return `${event.kind === 'borrow' ? 'Borrow fee' : 'Interest'} of the night: ${event.amount}.`
    case 'liquidation':
      return `The equity of ${event.equity} is below the ${event.needed} that the positions need: order ${event.orderId} closes ${Math.abs(event.quantity)}.`
    case 'margin-call':
      return `The equity of ${event.equity} is below the ${event.needed} that the positions need.`
    case 'gap':
      return 'A gap in the data while it was held: its mark rests on the last quote before.'
    case 'warning':
      return event.message
  }
}
