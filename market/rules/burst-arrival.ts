import { positive } from './own-settings.ts'
import { defineRule } from './rule.ts'

const US_PER_SECOND = 1_000_000

/** IB samples a line: a stock every 250 ms, an option every 100 ms. More than that in a second are updates that were held back. */
export const burstArrival = defineRule({
  name: 'burst-arrival',
  about: 'More quotes of one line in a second than its source samples.',
  severity: 'info',
  disposition: 'flag',
  kinds: ['quote'],
  settings: { mostPerSecond: positive(50, 'quotes in a second', 'More sampled quotes of one line in a second are flagged.') },
  create({ mostPerSecond }) {
    /** By slot: the second, and the quotes in it so far. */
    const seconds: number[] = []
    const counts: number[] = []
    return {
      check({ source, tsUs }, { slot, state }) {
        if (source !== undefined || seconds[slot] !== Math.floor(tsUs / US_PER_SECOND)) return undefined
        const count = (counts[slot] ?? 0) + 1
        return count > mostPerSecond && state.line()?.isOpen ? { reason: `${count} quotes of its line in one second` } : undefined
      },
      take({ source, tsUs }, { slot }) {
        if (source !== undefined) return
        const second = Math.floor(tsUs / US_PER_SECOND)
        counts[slot] = seconds[slot] === second ? (counts[slot] ?? 0) + 1 : 1
        seconds[slot] = second
      },
    }
  },
})
