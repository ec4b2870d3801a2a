import { describe, expect, it } from 'vitest'
import { addWindow, type TimeWindow } from '../../../../collector/write/time-windows.ts'
import { seeded } from '../../../support/random.ts'

type Times = readonly [fromUs: number, toUs: number]

function joined(added: readonly Times[], apartUs: number): number[][] {
  const windows: TimeWindow[] = []
  for (const [fromUs, toUs] of added) addWindow(windows, { fromUs, toUs }, apartUs)
  return windows.map(({ fromUs, toUs }) => [fromUs, toUs])
}

const wholeNumbers = ([from, to]: Times) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** Parted wherever the next one is further than `apart`. */
function parted(times: readonly number[], apart: number): number[][] {
  const parts: number[][] = []
  for (const time of times) {
    const last = parts.at(-1)
    if (last && time - (last[1] ?? 0) <= apart) last[1] = time
    else parts.push([time, time])
  }
  return parts
}

describe('windows of time', () => {
  it('that overlap or are near become one, and others stay apart and in order', () => {
    const [early, middle, late]: Times[] = [
      [10, 20],
      [26, 27],
      [40, 50],
    ]
    expect(joined([late, early, middle] as Times[], 5)).toEqual([early, middle, late])
    expect(joined([early, middle, late] as Times[], 6)).toEqual([[10, 27], late])
    expect(joined([early, late, [25, 36]] as Times[], 5), 'one that bridges them').toEqual([[10, 50]])
    expect(joined([[10, 50], middle] as Times[], 5), 'one within another').toEqual([[10, 50]])
  })

  it('hold every time that was added, and no others but those between near ones, in whatever order they come', () => {
    const chance = seeded(11)
    for (let round = 0; round < 300; round++) {
      const apart = 1 + Math.floor(chance() * 4)
      const added = Array.from({ length: 1 + Math.floor(chance() * 12) }, (): Times => {
        const from = Math.floor(chance() * 100)
        return [from, from + Math.floor(chance() * 8)]
      })
      const times = [...new Set(added.flatMap(wholeNumbers))].sort((a, b) => a - b)
      expect(joined(added, apart)).toEqual(parted(times, apart))
    }
  })
})
