import { createZone } from '../time.ts'
import { defineRule } from './rule.ts'

const HOUR_US = 3_600_000_000
/** IB's trade date ends at 20:00 in New York. The figure begins anew some time behind that, and later where data is delayed. */
const ROLL_US = 4 * HOUR_US
const ROLL_TAKES_US = HOUR_US / 2
/** Cumulative figures of the day. */
const VOLUMES: readonly string[] = ['day-volume', 'rt-day-volume']

/** In the United States: elsewhere the day begins at another time. */
export const volumeDecrease = defineRule({
  name: 'volume-decrease',
  about: "A volume of the day that is less than it was before, within IB's trade date, which ends at 20:00 in New York.",
  severity: 'warning',
  disposition: 'flag',
  kinds: ['statistic'],
  create() {
    const zone = createZone('America/New_York')
    const tradeDate = (tsUs: number) => Math.floor((tsUs + zone.offsetUsAt(tsUs) + ROLL_US) / (24 * HOUR_US))
    return {
      check({ name, value, tsUs }, { contract, state }) {
        if (value === undefined || !VOLUMES.includes(name) || contract?.currency !== 'USD') return undefined
        const before = state.statistics.get(name)
        if (before?.value === undefined || !(value < before.value) || !Number.isSafeInteger(tsUs)) return undefined
        if (!Number.isSafeInteger(before.tsUs) || tradeDate(before.tsUs - ROLL_TAKES_US) !== tradeDate(tsUs)) return undefined
        return { reason: `${name} ${value} is less than ${before.value} before` }
      },
    }
  },
})
