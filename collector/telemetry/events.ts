/**
 * One function per happening: it logs, and counts what is to be counted. WARN means recovered or being retried, ERROR that data
 * was lost or that a person is needed. Nothing here is called per tick.
 */

import type { Logger } from 'pino'

import { type Contract, describeContract } from '../../market/contract.ts'
import { TapedeckError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import type { DroppedTicks } from '../record/recorder.ts'
import { type EntitlementRow, formatEntitlements, isEntitlement, isServedLive } from '../lines/entitlements.ts'
import type { Counts } from './counts.ts'

export type Events = ReturnType<typeof createEvents>

/** What is to be done about ticks that are dropped as long as nobody does it. */
const DROP_ADVICE: ReadonlyMap<string, string> = new Map([
  ['journal-full', 'the journal has reached journal.limitBytes. Have the database take ticks again, or raise the limit'],
  ['journal-failed', 'the journal cannot be written and journal.memoryBytes are waiting. Free the disk or check its permissions'],
])

export function createEvents(log: Logger, counts: Counts) {
  const message = (error: unknown) => (error instanceof Error ? error.message : String(error))
  // A fault that lasts is logged when it begins, when it changes and when it ends; not at every attempt.
  let feedFault = ''
  /** What was logged since the database took nothing: lanes may fail for different reasons, in turns. */
  const databaseFaults = new Set<string>()
  let journalFault = ''
  return {
    feedUp: (host: string, port: number) => {
      feedFault = ''
      log.info({ host, port }, 'connected to the gateway')
    },
    feedDown: (reason: string, retryMs: number) => {
      counts.reconnects++
      log[reason === feedFault ? 'debug' : 'warn']({ reason, retryMs: Math.round(retryMs) }, 'not connected to the gateway; retrying')
      feedFault = reason
    },
    listenerError: (error: unknown) => log.error({ err: error }, 'a message of the gateway could not be read'),
    notice: (code: number, text: string) => log.info({ code, text }, 'notice of the gateway'),
    // What the table of entitlements explains is not told contract by contract.
    lineRefused: (contract: Contract, code: number, text: string) =>
      log[isEntitlement(code) ? 'debug' : 'warn'](
        { contract: describeContract(contract), code, text },
        'the gateway does not serve a line',
      ),
    tickByTickRefused: (contract: Contract, code: number, text: string) =>
      log.info({ contract: describeContract(contract), code, text }, 'not served tick by tick; its sampled market data is recorded'),
    lineLimit: (lines: number, waiting: number) => {
      if (waiting === 0) log.info({ lines }, 'every contract has a market-data line')
      else
        log.warn(
          { lines, waiting },
          'the gateway has no more market-data lines than these; the other contracts, farthest from the money, wait for one. ' +
            'Lines are shared with the watchlists open in TWS: close some there, or buy more from IB',
        )
    },
    linesPaused: (code: number, text: string) =>
      log.warn({ code, text }, 'the gateway does not serve lines for now; they are asked for again every minute'),
    linesResumed: () => log.info('the gateway serves its lines again'),
    entitlements: (rows: readonly EntitlementRow[]) => {
      const lines = rows.reduce((sum, { asked }) => sum + asked, 0)
      if (isServedLive(rows)) log.info({ lines }, 'all open market-data lines are served in real time')
      else log.warn(`not all market data is served in real time\n${formatEntitlements(rows)}`)
    },
    noMarketRule: (rule: number, error: unknown) =>
      log.warn({ rule, reason: message(error) }, 'the gateway does not tell a market rule; the smallest price step stands for it'),
    unknownUnderlying: (symbol: string) => log.error({ symbol }, 'the gateway knows no such stock; check universe.underlyings'),
    noReferencePrice: (symbol: string) =>
      log.warn({ symbol }, 'no last trade, close or tight quote to centre the strikes on; taking those nearest the middle of the chain'),
    discovered: (symbol: string, options: number, chosen: number) => log.info({ symbol, options, chosen }, 'chain discovered'),
    discoveryFailed: (error: unknown) => log.warn({ reason: message(error) }, 'chain discovery was interrupted; it starts again'),
    universeKept: (error: unknown) =>
      log.error({ reason: message(error) }, 'the changed universe is not taken over; the lines stay as they are'),
    overBudget: (wanted: number, lines: number) =>
      log.warn({ wanted, lines }, 'more contracts than market-data lines; the ones farthest from the money are not recorded'),
    sessionBegun: (sessionId: number, cause: string) => log.info({ sessionId, cause }, 'recording session begun'),
    absurdTime: (time: number) =>
      log.warn(
        { time },
        'the gateway publishes a time that cannot be one, in microseconds since 1970; it is not taken. Look at the tape that it plays ' +
          '(`tapedeck tape verify`), or set gateway.clock to wall',
      ),
    clockStepped: (driftMs: number) => log.warn({ driftMs: Math.round(driftMs) }, "the system's clock has moved; a new session begins"),
    gap: ({ fromTsUs, toTsUs, cause }: { fromTsUs: number; toTsUs: number; cause: string }) =>
      log.warn({ from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause }, 'a hole in the recording was named'),
    fatal: (error: unknown) => log.fatal({ err: error }, 'a part of the collector failed'),
    dropping: (reason: string) => {
      const advice = DROP_ADVICE.get(reason)
      if (advice) log.error({ reason }, `ticks are dropped from now on: ${advice}`)
    },
    dropped: ({ fromTsUs, toTsUs, cause, droppedTicks }: DroppedTicks, named: boolean) => {
      if (named)
        log.error({ from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause, ticks: droppedTicks }, 'ticks were dropped; a gap names them')
      else log.error({ cause, ticks: droppedTicks }, 'ticks were dropped before the time was known; no gap can name them')
    },
    journalError: (error: unknown, path: string) => {
      const reason = message(error)
      if (reason !== journalFault)
        log.error({ reason, path }, 'the journal cannot be written; records wait in memory. Free the disk or check its permissions')
      journalFault = reason
    },
    journalUp: () => {
      if (journalFault) log.info('the journal is written again')
      journalFault = ''
    },
    journalLost: (ticks: number) => log.error({ ticks }, 'ticks are lost: the journal could not be written before the end'),
    /** The reason must not tell of the batch, or it would be another one at each attempt. */
    databaseDown: (error: unknown, retryMs: number, batch?: { sessionId: number; batchNo: number }) => {
      const reason = message(error)
      // What no waiting mends (a wrong password, a newer schema) needs a person.
      const level = error instanceof TapedeckError && !error.retryable ? 'error' : 'warn'
      if (databaseFaults.has(reason)) return
      const details = { reason, retryMs: Math.round(retryMs), ...(batch && { sessionId: batch.sessionId, batchNo: batch.batchNo }) }
      log[level](details, 'the database does not take ticks; they wait in the journal')
      databaseFaults.add(reason)
    },
    databaseUp: () => {
      if (databaseFaults.size > 0) log.info('the database takes ticks again')
      databaseFaults.clear()
    },
    rowsRefused: (ticks: number) => log.error({ ticks }, 'the database refused rows; they are in rejected_ticks'),
    rowsVanished: (ticks: number) =>
      log.error({ ticks }, 'rows are lost: the database took them and kept none; look for a trigger on the tick tables that returns NULL'),
    releaseFailed: (error: unknown, path: string) => log.warn({ reason: message(error), path }, 'a journal segment could not be put away'),
    ruleFailed: (rule: string, error: unknown) =>
      log.error({ err: error, rule }, 'a validation rule failed and is off until the next start'),
    unknownTickType: (tickType: number) => log.info({ tickType }, 'tick type not recorded'),
    pruned: (segments: number) => segments > 0 && log.info({ segments }, 'old journal segments deleted'),
    pruneFailed: (error: unknown) => log.warn({ reason: message(error) }, 'old journal segments could not be deleted'),
    stopping: (cause: string, error: Error | undefined) =>
      error ? log.error({ cause, reason: error.message }, 'stopping: it cannot go on') : log.info({ cause }, 'stopping'),
    addressUnknown: (error: unknown) =>
      log.warn({ reason: message(error) }, 'where this collector answers cannot be written down; `tapedeck status` may need its port'),
  }
}
