/**
 * One function per happening: it logs, and counts what is to be counted. WARN means recovered or being retried, ERROR that data
 * was lost or that a person is needed. Nothing here is called per tick.
 */

import type { Logger } from 'pino'

import { type Contract, describeContract } from '../../market/contract.ts'
import { TapedeckError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import type { Counts } from './counts.ts'

export type Events = ReturnType<typeof createEvents>

export function createEvents(log: Logger, counts: Counts) {
  const message = (error: unknown) => (error instanceof Error ? error.message : String(error))
  // A fault that lasts is logged when it begins, when it changes and when it ends; not at every attempt.
  let databaseFault = ''
  return {
    feedUp: (host: string, port: number) => log.info({ host, port }, 'connected to the gateway'),
    feedDown: (reason: string, retryMs: number) => {
      counts.reconnects++
      log.warn({ reason, retryMs }, 'not connected to the gateway; retrying')
    },
    listenerError: (error: unknown) => log.error({ err: error }, 'a message of the gateway could not be read'),
    notice: (code: number, text: string) => log.info({ code, text }, 'notice of the gateway'),
    lineRefused: (contract: Contract, code: number, text: string) =>
      log.warn({ contract: describeContract(contract), code, text }, 'the gateway does not serve a line'),
    unknownUnderlying: (symbol: string) => log.error({ symbol }, 'the gateway knows no such stock; check universe.underlyings'),
    noReferencePrice: (symbol: string) =>
      log.warn({ symbol }, 'no last trade, close or tight quote to centre the strikes on; taking those nearest the middle of the chain'),
    discovered: (symbol: string, options: number, chosen: number) => log.info({ symbol, options, chosen }, 'chain discovered'),
    discoveryFailed: (error: unknown) => log.warn({ reason: message(error) }, 'chain discovery was interrupted; it starts again'),
    overBudget: (wanted: number, lines: number) =>
      log.warn({ wanted, lines }, 'more contracts than market-data lines; the ones farthest from the money are not recorded'),
    sessionBegun: (sessionId: number, cause: string) => log.info({ sessionId, cause }, 'recording session begun'),
    clockStepped: (driftMs: number) => log.warn({ driftMs: Math.round(driftMs) }, "the system's clock has moved; a new session begins"),
    gap: ({ fromTsUs, toTsUs, cause }: { fromTsUs: number; toTsUs: number; cause: string }) =>
      log.warn({ from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause }, 'a hole in the recording was named'),
    fatal: (error: unknown) => log.fatal({ err: error }, 'a part of the collector failed'),
    journalError: (error: unknown, path: string) =>
      log.error(
        { reason: message(error), path },
        'the journal cannot be written; records wait in memory. Free the disk or check its permissions',
      ),
    journalLost: (ticks: number) => log.error({ ticks }, 'ticks are lost: the journal could not be written before the end'),
    recovered: (sessionId: number, batches: number, ticks: number, tornBytes: number, crashed: boolean) =>
      log.warn({ sessionId, batches, ticks, tornBytes, crashed }, 'unfinished session found in the journal; writing it to the database'),
    databaseDown: (error: unknown, retryMs: number) => {
      const reason = message(error)
      // What no waiting mends (a wrong password, a newer schema) needs a person.
      const level = error instanceof TapedeckError && !error.retryable ? 'error' : 'warn'
      if (reason !== databaseFault)
        log[level]({ reason, retryMs: Math.round(retryMs) }, 'the database does not take ticks; they wait in the journal')
      databaseFault = reason
    },
    databaseUp: () => {
      if (databaseFault) log.info('the database takes ticks again')
      databaseFault = ''
    },
    rowsRefused: (ticks: number) => log.error({ ticks }, 'the database refused rows; they are in rejected_ticks'),
    releaseFailed: (error: unknown, path: string) => log.warn({ reason: message(error), path }, 'a journal segment could not be put away'),
    ruleFailed: (rule: string, error: unknown) =>
      log.error({ err: error, rule }, 'a validation rule failed and is off until the next start'),
    unknownTickType: (tickType: number) => log.info({ tickType }, 'tick type not recorded'),
    pruned: (segments: number) => segments > 0 && log.info({ segments }, 'old journal segments deleted'),
    pruneFailed: (error: unknown) => log.warn({ reason: message(error) }, 'old journal segments could not be deleted'),
    stopping: (cause: string) => log.info({ cause }, 'stopping'),
    stillHolding: (room: string, ticks: number, batches: number) => log.info({ room, ticks, batches }, 'waiting'),
    leftInJournal: (ticks: number, batches: number) =>
      log.warn({ ticks, batches }, 'stopped before the database had everything; the next start writes the rest from the journal'),
  }
}
