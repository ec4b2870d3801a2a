/** The detectors, in the order in which they look at a quote. A new one is one file beside this one and one line here. */

import type { Detector } from '../detector.ts'
import { longBox } from './long-box.ts'
import { shortBox } from './short-box.ts'

export const DETECTORS: readonly Detector[] = [longBox, shortBox]
