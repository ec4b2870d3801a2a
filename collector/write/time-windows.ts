/** Windows of time that are apart and in order. Pure. */

/** Microseconds, from the first tick to the last. */
export interface TimeWindow {
  fromUs: number
  toUs: number
}

/**
 * Adds a window to others: those that overlap with it, or are no more than `apartUs` from it, become one with it.
 *
 * @param windows changed in place; more than `apartUs` from each other, the earliest first
 */
export function addWindow(windows: TimeWindow[], { fromUs, toUs }: TimeWindow, apartUs: number): void {
  const near = windows.filter((window) => window.fromUs <= toUs + apartUs && window.toUs >= fromUs - apartUs)
  const at = windows.findIndex((window) => window.toUs >= fromUs - apartUs)
  windows.splice(at < 0 ? windows.length : at, near.length, {
    fromUs: Math.min(fromUs, near[0]?.fromUs ?? fromUs),
    toUs: Math.max(toUs, near.at(-1)?.toUs ?? toUs),
  })
}
