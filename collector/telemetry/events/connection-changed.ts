import type { ConnectionStatus } from '../../ib/link/connection.ts'
import type { EventContext } from './event.ts'

/**
 * Logs that data is kept away although the gateway answers, when that begins, when the reasons change and when it is over; a bounded
 * number of lines a minute. What is not connected has lines of its own (feed-up, feed-down).
 */
export function connectionChanged({ log, faults, connectionLines }: EventContext, { state, reasons }: ConnectionStatus): void {
  const isHindered = state === 'degraded' || state === 'paused'
  const isNews = isHindered ? faults.begin('connection', `${state} ${reasons.join('; ')}`) : faults.end('connection')
  if (!isNews) return
  const leftOut = connectionLines.take(performance.now())
  if (leftOut === undefined) return
  const more = leftOut > 0 ? { leftOut } : {}
  if (isHindered) log.warn({ state, reasons, ...more }, 'connected to the gateway, and market data is kept away')
  else if (state === 'ready') log.info({ state, ...more }, 'nothing keeps market data away any more')
}
