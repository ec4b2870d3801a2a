/** A journal's bound that is never reached, for tests of something else. */

import { JournalBound } from '../../../collector/journal/bound.ts'

export const unbounded = () =>
  new JournalBound({ limitBytes: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY, minFreeBytes: 0 })
