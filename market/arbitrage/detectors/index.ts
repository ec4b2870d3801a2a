/** The detectors, in the order in which they look at a quote. A new one is one file beside this one and one line here. */

import type { Detector } from '../detector.ts'
import { butterfly } from './butterfly.ts'
import { calendar } from './calendar.ts'
import { conversion } from './conversion.ts'
import { intrinsic } from './intrinsic.ts'
import { jellyRoll } from './jelly-roll.ts'
import { longBox } from './long-box.ts'
import { reversal } from './reversal.ts'
import { shortBox } from './short-box.ts'
import { strikeMonotonicity } from './strike-monotonicity.ts'
import { syntheticFreeRisk } from './synthetic-free-risk.ts'
import { verticalBound } from './vertical-bound.ts'

export const DETECTORS: readonly Detector[] = [
  conversion,
  reversal,
  syntheticFreeRisk,
  longBox,
  shortBox,
  verticalBound,
  strikeMonotonicity,
  butterfly,
  calendar,
  jellyRoll,
  intrinsic,
]
