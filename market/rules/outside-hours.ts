import { isMarked, Mark } from '../marks.ts'
import { positive } from './own-settings.ts'
import { defineRule } from './rule.ts'

const US_PER_MINUTE = 60_000_000
/** What stands is given at any time; what is late or from before the open says so itself. */
const EXPLAINED = Mark.initial | Mark.frozen | Mark.late | Mark.overnight | Mark.preOpen
/** Brokers give data without a subscription some 15 minutes late. */
const DELAY_US = 20 * US_PER_MINUTE

export const outsideHours = defineRule({
  name: 'outside-hours',
  about: 'A quote or trade at a time at which the contract does not trade, by its own hours, or else by the calendar of its exchange.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote', 'trade'],
  settings: { graceMinutes: positive(5, 'minutes', 'So many minutes before and behind the hours pass.') },
  create: ({ graceMinutes }) => ({
    check(tick, context) {
      const { tsUs } = tick
      if (context.phaseAt(tsUs) !== 'closed' || isMarked(tick, EXPLAINED)) return undefined
      const graceUs = graceMinutes * US_PER_MINUTE
      if (context.phaseAt(tsUs + graceUs) !== 'closed' || context.phaseAt(tsUs - graceUs) !== 'closed') return undefined
      if (tick.delayed && context.phaseAt(tsUs - DELAY_US) !== 'closed') return undefined
      return { reason: 'the contract does not trade at this time' }
    },
  }),
})
