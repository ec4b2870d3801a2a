import type { EventContext } from './event.ts'

export interface SegmentsPruned {
  segments: number
}

/** Logs old segments that were deleted. */
export function segmentsPruned({ log }: EventContext, { segments }: SegmentsPruned): void {
  if (segments > 0) log.info({ segments }, 'old journal segments deleted')
}
