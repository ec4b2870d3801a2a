/** The detectors, in the order in which they look at a quote. A new one is one file beside this one and one line here. */

import type { Detector } from '../detector.ts'
import { conversion } from './conversion.ts'
import { reversal } from './reversal.ts'

export const DETECTORS: readonly Detector[] = [conversion, reversal]
