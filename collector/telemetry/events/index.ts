/**
 * Everything that is logged and counted, one small file each: what happened as a type, and the one function that logs it and counts
 * it. WARN means recovered or being retried, ERROR that data was lost or a person is needed. Nothing here is called per tick.
 */

import type { Logger } from 'pino'

import type { Counts } from '../counts.ts'
import { absurdTime } from './absurd-time.ts'
import { activityRead } from './activity-read.ts'
import { activityUnread } from './activity-unread.ts'
import { addressUnknown } from './address-unknown.ts'
import { adjustedLeftOut } from './adjusted-left-out.ts'
import { blocksDamaged } from './blocks-damaged.ts'
import { carryRead } from './carry-read.ts'
import { carryUnread } from './carry-unread.ts'
import { chainDiscovered } from './chain-discovered.ts'
import { chainFileFailed } from './chain-file-failed.ts'
import { chainsRecalled } from './chains-recalled.ts'
import { clockStepped } from './clock-stepped.ts'
import { collectorFileFailed } from './collector-file-failed.ts'
import { connectionChanged } from './connection-changed.ts'
import { databaseDown } from './database-down.ts'
import { databaseUp } from './database-up.ts'
import { derivedRowsLeft } from './derived-rows-left.ts'
import { derivedRowsStored } from './derived-rows-stored.ts'
import { derivedRowsUnstored } from './derived-rows-unstored.ts'
import { detectionFailed } from './detection-failed.ts'
import { detectionOverrun } from './detection-overrun.ts'
import { detectorFailed } from './detector-failed.ts'
import { discoveryFailed } from './discovery-failed.ts'
import { entitlementsKnown } from './entitlements-known.ts'
import { feedDown } from './feed-down.ts'
import { feedUp } from './feed-up.ts'
import { gapNamed } from './gap-named.ts'
import { gapsFilled } from './gaps-filled.ts'
import { impossibleTransition } from './impossible-transition.ts'
import { invariantBroken } from './invariant-broken.ts'
import { journalError } from './journal-error.ts'
import { journalFileDamaged } from './journal-file-damaged.ts'
import { journalFolderGone } from './journal-folder-gone.ts'
import { journalLost } from './journal-lost.ts'
import { journalUnreadable } from './journal-unreadable.ts'
import { journalUp } from './journal-up.ts'
import { lateTicksComputed } from './late-ticks-computed.ts'
import { lateTicksNotComputed } from './late-ticks-not-computed.ts'
import { leftInJournal } from './left-in-journal.ts'
import { lineLimit } from './line-limit.ts'
import { lineRefused } from './line-refused.ts'
import { linesMoved } from './lines-moved.ts'
import { linesPaused } from './lines-paused.ts'
import { linesRotating } from './lines-rotating.ts'
import { linesSilent } from './lines-silent.ts'
import { linesResumed } from './lines-resumed.ts'
import { listenerError } from './listener-error.ts'
import { messageUnreadable } from './message-unreadable.ts'
import { noMarketRule } from './no-market-rule.ts'
import { noReferencePrice } from './no-reference-price.ts'
import { notice } from './notice.ts'
import { noticeRepeated } from './notice-repeated.ts'
import { overBudget } from './over-budget.ts'
import { processPaused } from './process-paused.ts'
import { pruneFailed } from './prune-failed.ts'
import { recordsLost } from './records-lost.ts'
import { releaseFailed } from './release-failed.ts'
import { rowsMissing } from './rows-missing.ts'
import { rowsRefused } from './rows-refused.ts'
import { rowsVanished } from './rows-vanished.ts'
import { ruleFailed } from './rule-failed.ts'
import { segmentsPruned } from './segments-pruned.ts'
import { sessionBegun } from './session-begun.ts'
import { sessionEndUnwritable } from './session-end-unwritable.ts'
import { sessionRecovered } from './session-recovered.ts'
import { sessionsUnanswered } from './sessions-unanswered.ts'
import { stockSizes } from './stock-sizes.ts'
import { stopping } from './stopping.ts'
import { subscriberFailed } from './subscriber-failed.ts'
import { tickByTickRefused } from './tick-by-tick-refused.ts'
import { ticksDropped } from './ticks-dropped.ts'
import { ticksDropping } from './ticks-dropping.ts'
import { tooFast } from './too-fast.ts'
import { underlyingMoved } from './underlying-moved.ts'
import { universeUnknown } from './universe-unknown.ts'
import { unknownTickType } from './unknown-tick-type.ts'
import { unknownUnderlying } from './unknown-underlying.ts'
import { waitingForDatabase } from './waiting-for-database.ts'
import { waitingForDisk } from './waiting-for-disk.ts'
import { webhookFailed } from './webhook-failed.ts'
import { webhookWorks } from './webhook-works.ts'
import type { EventContext } from './event.ts'
import { Faults } from './faults.ts'
import { LineBudget } from './line-budget.ts'

const EVENTS = {
  absurdTime,
  activityRead,
  activityUnread,
  addressUnknown,
  adjustedLeftOut,
  blocksDamaged,
  carryRead,
  carryUnread,
  chainDiscovered,
  chainFileFailed,
  chainsRecalled,
  clockStepped,
  collectorFileFailed,
  connectionChanged,
  databaseDown,
  databaseUp,
  derivedRowsLeft,
  derivedRowsStored,
  derivedRowsUnstored,
  detectionFailed,
  detectionOverrun,
  detectorFailed,
  discoveryFailed,
  entitlementsKnown,
  feedDown,
  feedUp,
  gapNamed,
  gapsFilled,
  impossibleTransition,
  invariantBroken,
  journalError,
  journalFileDamaged,
  journalFolderGone,
  journalLost,
  journalUnreadable,
  journalUp,
  lateTicksComputed,
  lateTicksNotComputed,
  leftInJournal,
  lineLimit,
  lineRefused,
  linesMoved,
  linesPaused,
  linesResumed,
  linesRotating,
  linesSilent,
  listenerError,
  messageUnreadable,
  noMarketRule,
  noReferencePrice,
  notice,
  noticeRepeated,
  overBudget,
  processPaused,
  pruneFailed,
  recordsLost,
  releaseFailed,
  rowsMissing,
  rowsRefused,
  rowsVanished,
  ruleFailed,
  segmentsPruned,
  sessionBegun,
  sessionEndUnwritable,
  sessionRecovered,
  sessionsUnanswered,
  stockSizes,
  stopping,
  subscriberFailed,
  tickByTickRefused,
  ticksDropped,
  ticksDropping,
  tooFast,
  underlyingMoved,
  universeUnknown,
  unknownTickType,
  unknownUnderlying,
  waitingForDatabase,
  waitingForDisk,
  webhookFailed,
  webhookWorks,
}

type EventName = keyof typeof EVENTS
/** What an event says: nothing for one that is only a name. */
type Told<N extends EventName> = (typeof EVENTS)[N] extends (context: EventContext, ...what: infer W) => void ? W : never

/** One method an event. */
export type Events = { readonly [N in EventName]: (...what: Told<N>) => void } & {
  /** Has `listener` called behind the event itself. */
  on<N extends EventName>(name: N, listener: (...what: Told<N>) => void): void
  /** The same of one of several connections: each line of the log names it, and a fault of one is none of another's. */
  of(gateway: string): Events
}

export function createEvents(log: Logger, counts: Counts): Events {
  return eventsOn(log, counts, new Map())
}

type Listener = (...what: unknown[]) => void

function eventsOn(log: Logger, counts: Counts, listeners: Map<string, Listener[]>): Events {
  const context: EventContext = {
    log,
    counts,
    faults: new Faults(),
    gapLines: new LineBudget(),
    connectionLines: new LineBudget(),
    overrunLines: new LineBudget(),
  }
  const methods = Object.entries(EVENTS).map(([name, tell]) => [
    name,
    (...what: unknown[]) => {
      ;(tell as (context: EventContext, ...what: unknown[]) => void)(context, ...what)
      for (const listener of listeners.get(name) ?? []) listener(...what)
    },
  ])
  const on = (name: string, listener: Listener) => {
    listeners.set(name, [...(listeners.get(name) ?? []), listener])
  }
  const of = (gateway: string) => eventsOn(log.child({ gateway }), counts, listeners)
  // Each method passes on exactly what its event's function takes.
  return { ...Object.fromEntries(methods), on, of } as Events
}
