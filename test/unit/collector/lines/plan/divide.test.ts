import { describe, expect, it } from 'vitest'

import { divide, type Division, type Group, instrumentsOf, UNDIVIDED } from '../../../../../collector/lines/plan/divide.ts'

const A = { name: 'a', lines: 100, isUp: true }
const B = { name: 'b', lines: 100, isUp: true }

/** An underlying with chains of so many pairs; instruments are numbered from `first` on. */
function underlying(first: number, chains: readonly number[]): Group {
  let next = first + 1
  const pair = (): Group => ({ instruments: [next++, next++] })
  return { instruments: [first], parts: chains.map((pairs) => ({ instruments: [], parts: Array.from({ length: pairs }, pair) })) }
}

const held = ({ at }: Division, name: string) => [...at.values()].filter((other) => other === name).length
const placesOf = ({ at }: Division, group: Group) => [...new Set(instrumentsOf(group).map((instrument) => at.get(instrument)))]

describe('what is wanted over two connections', () => {
  it('is divided by underlying where that comes out even', () => {
    const [one, two] = [underlying(0, [10, 10]), underlying(100, [20])]
    const division = divide([one, two], [A, B], UNDIVIDED)
    expect([placesOf(division, one), placesOf(division, two)]).toEqual([['a'], ['b']])
  })

  it('is divided by expiry where one underlying has too many, and by strike where one expiry has', () => {
    const one = underlying(0, [20, 20, 20, 20])
    const division = divide([one], [A, B], UNDIVIDED)
    expect(one.parts?.map((chain) => placesOf(division, chain).length)).toEqual([1, 1, 1, 1])
    expect(held(division, 'a') + held(division, 'b')).toBe(161)
    expect(Math.abs(held(division, 'a') - held(division, 'b'))).toBeLessThanOrEqual(1)

    const single = underlying(0, [90])
    const byStrike = divide([single], [A, B], UNDIVIDED)
    expect(single.parts?.[0]?.parts?.every((pair) => placesOf(byStrike, pair).length === 1)).toBe(true)
    expect(Math.abs(held(byStrike, 'a') - held(byStrike, 'b'))).toBeLessThanOrEqual(2)
  })

  it('is divided by their lines', () => {
    const division = divide([underlying(0, [200])], [A, { ...B, lines: 300 }], UNDIVIDED)
    expect(held(division, 'b') / held(division, 'a')).toBeGreaterThan(2)
  })

  it('goes to the other one while one is down, and home when it is back; nothing else moves', () => {
    const groups = [underlying(0, [10, 12]), underlying(100, [20])]
    const before = divide(groups, [A, B], UNDIVIDED)
    const down = divide(groups, [A, { ...B, isUp: false }], before)
    expect(held(down, 'a')).toBe(before.at.size)
    expect(down.home).toEqual(before.home)
    expect(divide(groups, [A, B], down).at).toEqual(before.at)
  })

  it('stays together where one has lines for all of an underlying', () => {
    const one = underlying(0, [10, 10, 10, 10])
    expect(placesOf(divide([one], [A, B], UNDIVIDED), one)).toEqual(['a'])
  })

  it('moves what is last where there are fewer lines than was thought, and stays there when there are more again', () => {
    const groups = [underlying(0, [20]), underlying(100, [20])]
    const before = divide(groups, [A, B], UNDIVIDED)
    const after = divide(groups, [A, { ...B, lines: 21 }], before)
    expect([held(after, 'a'), held(after, 'b')]).toEqual([61, 21])
    expect(after.at.get(100)).toBe('b')
    expect(divide(groups, [A, B], after)).toEqual(after)
  })

  it('stays where it is while both are down', () => {
    const groups = [underlying(0, [10, 12])]
    const before = divide(groups, [A, { ...B, isUp: false }], UNDIVIDED)
    const down = divide(
      groups,
      [
        { ...A, isUp: false },
        { ...B, isUp: false },
      ],
      before,
    )
    expect(down.at).toEqual(before.at)
  })

  it('keeps the put that is listed later with its call, whatever room there is', () => {
    const call = divide([{ instruments: [1] }, { instruments: [3, 4] }], [A, { ...B, lines: 1 }], UNDIVIDED)
    const both = divide([{ instruments: [1, 2] }, { instruments: [3, 4] }], [A, { ...B, lines: 1 }], call)
    expect(both.at.get(2)).toBe(both.at.get(1))
  })
})
