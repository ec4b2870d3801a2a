/**
 * The two market clocks of the collector. The wall clock is anchored to monotonic time when a session begins, so that a step of the
 * system's clock cannot reorder the tape; `driftMs` says how far the two have parted. The gateway clock shows the time that a replay
 * gateway publishes and stands still between two publications.
 */

import { uptime } from 'node:os'

import type { MarketClock } from '../../market/time.ts'

export interface CollectorClock extends MarketClock {
  /** False until there is a time to show. */
  readonly known: boolean
  /** The market's time at a reading of `performance.now()`, as far as the clock can say. */
  usAt(monotonicMs: number): number
  /** How far the system's clock has moved away from the anchored one, in milliseconds. */
  driftMs(): number
  /** Anchors again; the next session begins at the system's time. */
  anchor(): void
}

export function createWallClock(): CollectorClock {
  let wallMs = Date.now()
  let monotonicMs = performance.now()
  const usAt = (atMs: number) => Math.round((wallMs + atMs - monotonicMs) * 1000)
  return {
    known: true,
    usAt,
    nowUs: () => usAt(performance.now()),
    driftMs: () => Date.now() - (wallMs + performance.now() - monotonicMs),
    anchor() {
      wallMs = Date.now()
      monotonicMs = performance.now()
    },
  }
}

export interface GatewayClock extends CollectorClock {
  /** Takes a published time. Returns false when it lies before the one before it: a new session must begin. */
  publish(tsUs: number): boolean
}

export function createGatewayClock(): GatewayClock {
  let published = Number.NaN
  return {
    get known() {
      return !Number.isNaN(published)
    },
    usAt: () => published,
    nowUs: () => published,
    driftMs: () => 0,
    anchor: () => undefined,
    publish(tsUs) {
      const forward = !(tsUs < published)
      published = tsUs
      return forward
    },
  }
}

/** For how long the machine has slept since the process began, in milliseconds: monotonic time stands still meanwhile, up-time goes on. */
export function createSleepMeter(): () => number {
  const bootedMs = uptime() * 1000 - performance.now()
  return () => uptime() * 1000 - performance.now() - bootedMs
}
