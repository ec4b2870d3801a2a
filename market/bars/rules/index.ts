/** The rules for bars, in the order of reports. */

import { actionMismatch } from './action-mismatch.ts'
import { copiedDay } from './copied-day.ts'
import { explainedJump } from './explained-jump.ts'
import { fewSymbols } from './few-symbols.ts'
import { illegalPrice } from './illegal-price.ts'
import { missingBars } from './missing-bars.ts'
import { missingSession } from './missing-session.ts'
import { ohlcOrder } from './ohlc-order.ts'
import { outsideCalendar } from './outside-calendar.ts'
import { staleBar } from './stale-bar.ts'
import { unadjustedSplit } from './unadjusted-split.ts'
import { zeroVolume } from './zero-volume.ts'
import type { BarRule } from '../rule.ts'

export const BAR_RULES: readonly BarRule[] = [
  copiedDay,
  missingSession,
  outsideCalendar,
  fewSymbols,
  missingBars,
  unadjustedSplit,
  actionMismatch,
  explainedJump,
  ohlcOrder,
  illegalPrice,
  staleBar,
  zeroVolume,
]
