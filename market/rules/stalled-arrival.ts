import { isMarked, Mark } from '../marks.ts'
import { positive } from './own-settings.ts'
import { defineRule } from './rule.ts'

const US_PER_MS = 1000

/**
 * A feed of many lines that has flowed and is silent for seconds within regular hours has stalled, and what comes right behind it is older
 * than its time says. Judged by the records: on a tape without lines nothing is expected to come, and what comes in samples, a minute
 * apart, has never flowed.
 */
export const stalledArrival = defineRule({
  name: 'stalled-arrival',
  about: 'Ticks that come right behind a silence of all lines: they are older than their times say.',
  severity: 'info',
  disposition: 'flag',
  kinds: ['quote', 'trade', 'greeks', 'statistic'],
  settings: {
    silenceMs: positive(3000, 'milliseconds', 'A silence of all lines from so many milliseconds on is a stall.'),
    flowMs: positive(10_000, 'milliseconds', 'Before it data must have come for so many milliseconds without such a silence.'),
    lines: positive(20, 'open lines', 'With fewer open lines a silence is none.'),
    behindMs: positive(250, 'milliseconds', 'Ticks that come within so many milliseconds behind a stall are flagged.'),
  },
  create({ silenceMs, flowMs, lines, behindMs }) {
    // Fields of one object, as these change with every tick and a variable of a closure would be a new number on the heap each time.
    const at = { latestUs: Number.NaN, flowsSinceUs: Number.NaN, resumedUs: Number.NaN, stalledMs: 0 }
    return {
      check(tick, context) {
        const { tsUs } = tick
        const silentMs = (tsUs - at.latestUs) / US_PER_MS
        if (silentMs >= silenceMs) {
          const flowedMs = (at.latestUs - at.flowsSinceUs) / US_PER_MS
          if (
            !(flowedMs >= flowMs) ||
            context.market.openLines < lines ||
            context.phaseAt(tsUs) !== 'regular' ||
            isMarked(tick, Mark.initial)
          )
            return undefined
          return { reason: `the first tick of all lines for ${seconds(silentMs)} s` }
        }
        const behind = (tsUs - at.resumedUs) / US_PER_MS
        return behind <= behindMs && !isMarked(tick, Mark.initial)
          ? { reason: `came ${behind.toFixed(1)} ms behind a stall of ${seconds(at.stalledMs)} s` }
          : undefined
      },
      take({ tsUs, verdict }) {
        const silentMs = (tsUs - at.latestUs) / US_PER_MS
        if (silentMs >= silenceMs && verdict?.findings.some(({ rule }) => rule === 'stalled-arrival')) {
          at.resumedUs = tsUs
          at.stalledMs = silentMs
        }
        if (!(silentMs < silenceMs)) at.flowsSinceUs = tsUs
        at.latestUs = tsUs
      },
      takeControl(record) {
        // The silence has a name, or a reason.
        if (record.kind === 'gap' || record.kind === 'line' || record.kind === 'session') {
          if (record.kind !== 'session' || (record.event !== 'alive' && record.event !== 'sizes')) at.latestUs = Number.NaN
        }
      },
    }
  },
})

const seconds = (ms: number) => (ms / 1000).toFixed(1)
