/** All kinds of faults. */

import type { FaultKind } from '../fault.ts'
import { halfOpen } from './half-open.ts'
import { handshake } from './handshake.ts'
import { late } from './late.ts'
import { lines } from './lines.ts'
import { notice } from './notice.ts'
import { refuse } from './refuse.ts'
import { restart } from './restart.ts'
import { silence } from './silence.ts'
import { slow } from './slow.ts'
import { stall } from './stall.ts'
import { unanswered } from './unanswered.ts'

export const FAULT_KINDS: readonly FaultKind[] = [
  notice,
  refuse,
  lines,
  unanswered,
  late,
  silence,
  stall,
  halfOpen,
  slow,
  restart,
  handshake,
]
