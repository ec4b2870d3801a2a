/** Connections come and go, contracts are listed and expire: the division of contracts over connections holds what it promises. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { divide, type DividedConnection, type Group, instrumentsOf, UNDIVIDED } from '../../../../collector/lines/plan/divide.ts'

const NAMES = ['a', 'b', 'c']
/** Of each strike, whether its call and its put are listed. */
const chain = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 12 })
const universe = fc.array(fc.array(chain, { maxLength: 4 }), { maxLength: 3 })
const step = fc.record({ universe, up: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()) })
const lines = fc.tuple(...NAMES.map(() => fc.integer({ min: 1, max: 60 })))

/** The same contract has the same number in each universe. */
function groupsOf(underlyings: readonly (readonly (readonly (readonly boolean[])[])[])[]): Group[] {
  return underlyings.map((chains, u) => ({
    instruments: [u * 1000],
    parts: chains.map((strikes, c) => ({
      instruments: [],
      parts: strikes
        .map((rights, s) => ({ instruments: rights.flatMap((isListed, r) => (isListed ? [u * 1000 + c * 100 + s * 2 + r + 1] : [])) }))
        .filter(({ instruments }) => instruments.length > 0),
    })),
  }))
}

const pairsOf = ({ parts = [], instruments }: Group): (readonly number[])[] => [instruments, ...parts.flatMap(pairsOf)]

it('places every contract once, both rights of a strike together, at home while that is up, and moves nothing that has lines', () => {
  fc.assert(
    fc.property(lines, fc.array(step, { maxLength: 8 }), (has, steps) => {
      let before = UNDIVIDED
      for (const { universe: underlyings, up } of steps) {
        const groups = groupsOf(underlyings)
        const connections: DividedConnection[] = NAMES.map((name, i) => ({ name, lines: has[i] ?? 1, isUp: up[i] === true }))
        const isUp = (name: string | undefined) => connections.some((one) => one.name === name && one.isUp)
        const division = divide(groups, connections, before)
        const wanted = groups.flatMap(instrumentsOf)
        expect(new Set(division.at.keys())).toEqual(new Set(wanted))
        for (const pair of groups.flatMap(pairsOf)) expect(new Set(pair.map((one) => division.home.get(one))).size).toBeLessThanOrEqual(1)
        const all = has.reduce((sum, one) => sum + one, 0)
        const isFull = (name: string | undefined) => {
          const own = connections.find((one) => one.name === name)?.lines ?? 0
          const held = wanted.filter((one) => before.home.get(one) === name).length
          return held > (wanted.length > all ? (1.5 * wanted.length * own) / all : own)
        }
        for (const one of wanted) {
          const [home, at, was] = [division.home.get(one), division.at.get(one), before.at.get(one)]
          const hadHome = before.home.get(one)
          if (hadHome !== undefined && !isFull(hadHome)) expect(home).toBe(hadHome)
          if (isUp(home)) expect(at).toBe(home)
          else if (isUp(was) || !up.includes(true)) expect(at).toBe(was ?? home)
          else expect(isUp(at)).toBe(true)
        }
        before = division
      }
    }),
    { numRuns: 50 },
  )
})

it('gives no connection more than it has lines, but for the other right of a strike, where all contracts have lines', () => {
  fc.assert(
    fc.property(universe, lines, (underlyings, has) => {
      const groups = groupsOf(underlyings)
      const connections = NAMES.map((name, i) => ({ name, lines: has[i] ?? 1, isUp: true }))
      const total = groups.flatMap(instrumentsOf).length
      fc.pre(total <= has.reduce((sum, one) => sum + one, 0))
      const { at } = divide(groups, connections, UNDIVIDED)
      for (const { name, lines: limit } of connections)
        expect([...at.values()].filter((other) => other === name).length).toBeLessThanOrEqual(limit + 1)
    }),
  )
})
