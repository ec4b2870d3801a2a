/** The words of IB's refusals. */

import { historyText } from '../history/history.ts'

export const REFUSAL_TEXTS: Readonly<Record<number, string>> = {
  101: 'Max number of tickers has been reached',
  200: 'No security definition has been found for the request',
  354: 'Requested market data is not subscribed. Delayed market data is not available.',
  10_182: 'Failed to request live updates (disconnected).',
  10_197: 'No market data during competing live session',
}

/** 162 means anything: its text says what. */
export const HISTORY_TEXTS = {
  pacing: historyText('Historical data request pacing violation'),
  'no-data': historyText('HMDS query returned no data'),
  'other-session': historyText('Trading TWS session is connected from a different IP address'),
  'no-permission': historyText('No market data permissions for NYSE STK'),
} as const
