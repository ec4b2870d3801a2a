/** A ready client and what all clients share, as the handlers of requests see them. */

import type { Outlet } from '../book/outlet.ts'
import type { Line } from '../book/market-data-line.ts'
import type { Sampler } from '../book/sampler.ts'
import type { RealTimeBarLine } from '../book/real-time-bars.ts'
import type { TickLine } from '../book/tick-by-tick-line.ts'
import type { Account } from '../account/account.ts'
import type { ContractBook } from '../contracts/contracts.ts'
import type { BarLine } from '../history/bar-line.ts'
import type { Asker, History } from '../history/history.ts'
import type { HistoryPacing } from '../history/history-pacing.ts'
import type { Limits } from './limits.ts'

/** What all clients share. */
export interface Services {
  readonly contracts: ContractBook
  readonly sampler: Sampler
  /** Market-data lines that may be open at once, over all clients as IB counts them. */
  readonly maxLines: number
  readonly limits: Limits
  readonly history: History
  readonly historyPacing: HistoryPacing
  readonly account: Account
  /** The interest rate of calculations that a client asks for, continuously compounded annual fraction. */
  readonly carryRate: number
  /** Lines open with the word that trading is not halted, where the tape has none. */
  readonly announcesTrading: boolean
  /** The tape was played to its end, so that nothing follows. */
  readonly hasEnded: boolean
  /** Tape time for people, `YYYYMMDD HH:MM:SS zone`. */
  readonly clockText: string
  /** Tape time stands still until what is returned was called. */
  holdTape(): () => void
  /** Tape time. */
  readonly nowUs: number
  /** To be called behind each opened line. */
  lineOpened(): void
}

/** The client whose request is answered. */
export interface Client extends Outlet, Asker {
  readonly host: Services
  readonly serverVersion: number
  /** Sends what was written. */
  flush(): void
  /** Open lines by request id. */
  readonly lines: Map<number, Line>
  readonly tickLines: Map<number, TickLine>
  /** Bars that are kept up to date, by request id; their requests are among the histories. */
  readonly barLines: Map<number, BarLine>
  readonly realTimeBars: Map<number, RealTimeBarLine>
  /** When tick-by-tick data was last asked for, by contract and kind, in milliseconds of the wall. */
  readonly ticksAsked: Map<string, number>
  /** What it wants: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen. */
  dataType: number
  /** When it was last sent the time, in milliseconds of the wall. */
  timeSentMs: number
}
