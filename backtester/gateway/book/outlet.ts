/** Where a line's messages go: one client's connection. */

import type { FrameWriter } from '../protocol/wire.ts'

export interface Outlet {
  readonly writer: FrameWriter
  /**
   * Called before the messages of each tick with its tape time, never an earlier one than before.
   * `isRepeated`: the line's tick before this one had the same time, and nothing else would keep the two apart.
   */
  atTapeTime(tsUs: number, isRepeated: boolean): void
  /** Called behind the messages of each tick. */
  spill(): void
}
