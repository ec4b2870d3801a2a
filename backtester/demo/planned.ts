/** Compares the opportunities that a collector found in a mispriced market with the mispricings that were planned. */

import { contractKey } from '../../market/contract.ts'
import { usFromIso } from '../../market/time.ts'
import { alignColumns } from '../../system/text-table.ts'
import type { Mispricing } from '../gateway/source/mispricings.ts'

/** As the event of `tapedeck collect --json` has it. */
export interface FoundOpportunity {
  id: string
  change: 'opened' | 'closed'
  detector: string
  openedTs: string
  closedTs?: string
  ending?: string
  opened: {
    grossEdgePerShare: number
    edgePerShare: number
    size: number
    legs: readonly { side: string; contract: string }[]
  }
}

/** The moved quote is put right within one round of the market. */
const ROUND_US = 500_000
const NEARLY_0 = 1e-9

export class PlannedMispricings {
  readonly #planned: readonly Mispricing[]
  readonly #found: FoundOpportunity[][]
  /** Of other relations of a moved quote, by detector. */
  readonly #beside = new Map<string, number>()
  #elsewhere = 0

  constructor(planned: readonly Mispricing[]) {
    this.#planned = planned
    this.#found = planned.map(() => [])
  }

  /** Returns a line for people when it is one of those that were planned. */
  take(event: FoundOpportunity): string | undefined {
    const at = this.#planned.findIndex((mispricing) => isPlanned(event, mispricing))
    if (at < 0) {
      if (event.change === 'opened') this.#countOther(event)
      return undefined
    }
    if (event.change === 'closed') this.#found[at]?.push(event)
    return lineOf(event)
  }

  /** What must hold, and whether it does: each with the stated edge and size, once, from when its quote was moved until it was put right. */
  get claims(): [string, boolean][] {
    const claims = this.#planned.map((mispricing, i): [string, boolean] => {
      const { detector, edgePerShare, size } = mispricing
      const found = this.#found[i] ?? []
      if (size === 0) return [`${detector}, ${edgePerShare.toFixed(2)} a share with nothing behind a price: not found`, found.length === 0]
      const what = `${detector}, ${edgePerShare.toFixed(2)} a share, size ${size}: found exactly, closed in time`
      return [what, found.length === 1 && found.every((one) => isExact(one, mispricing))]
    })
    return [...claims, ['no opportunity without a moved quote', this.#elsewhere === 0]]
  }

  /** Opportunities in other relations of the moved quotes. */
  get beside(): string {
    const counts = [...this.#beside].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    return counts.map(([detector, count]) => `${detector} ${count}`).join(', ')
  }

  #countOther({ detector, openedTs, opened: { legs } }: FoundOpportunity): void {
    const openedUs = usFromIso(openedTs)
    const isMoved = this.#planned.some(
      ({ fromUs, toUs, legs: [moved] }) =>
        moved !== undefined &&
        openedUs >= fromUs &&
        openedUs < toUs + ROUND_US &&
        legs.some(({ contract }) => contract === contractKey(moved.contract)),
    )
    if (isMoved) this.#beside.set(detector, (this.#beside.get(detector) ?? 0) + 1)
    else this.#elsewhere++
  }
}

function isPlanned({ detector, openedTs, opened }: FoundOpportunity, planned: Mispricing): boolean {
  const openedUs = usFromIso(openedTs)
  if (detector !== planned.detector || openedUs < planned.fromUs || openedUs >= planned.toUs + ROUND_US) return false
  const legsOf = (legs: readonly { side: string; contract: string }[]) =>
    legs
      .map(({ side, contract }) => `${side} ${contract}`)
      .sort()
      .join()
  return legsOf(opened.legs) === legsOf(planned.legs.map(({ side, contract }) => ({ side, contract: contractKey(contract) })))
}

function isExact(
  { openedTs, closedTs = openedTs, ending, opened }: FoundOpportunity,
  { edgePerShare, size, fromUs, toUs }: Mispricing,
): boolean {
  const [openedUs, closedUs] = [usFromIso(openedTs), usFromIso(closedTs)]
  return (
    Math.abs(opened.grossEdgePerShare - edgePerShare) < NEARLY_0 &&
    opened.size === size &&
    openedUs >= fromUs &&
    closedUs >= toUs &&
    closedUs < toUs + ROUND_US &&
    ending === 'edge-gone'
  )
}

function lineOf({ change, detector, openedTs, closedTs = openedTs, ending, opened }: FoundOpportunity): string {
  const time = (change === 'opened' ? openedTs : closedTs).slice(11, 21)
  const seconds = (usFromIso(closedTs) - usFromIso(openedTs)) / 1_000_000
  const { grossEdgePerShare, edgePerShare, size } = opened
  const what =
    change === 'opened'
      ? `${grossEdgePerShare.toFixed(2)} a share, ${edgePerShare.toFixed(4)} net, size ${size}`
      : `after ${seconds.toFixed(1)} s: ${ending}`
  return alignColumns([[time, change, detector.padEnd(19), what]])
}
