/** Scenarios of a stress test: a part of the time, worse conditions, or both, by a name. */

import { ConfigError } from '../../market/errors.ts'
import { isDate, usFromIso } from '../../market/time.ts'
import type { RunRange, Stress } from '../run/result.ts'
import { parseStress } from '../run/stress.ts'
import { type DataTime, rangeOf, tradingDates } from './trading-time.ts'

export interface Scenario {
  name: string
  stress?: Stress | undefined
  range?: RunRange | undefined
}

const BOTH = ['costs:2', 'costs:3']
const ON_TICKS = [...BOTH, 'spread:1.5', 'spread:2', 'latency:100', 'latency:1000', 'gaps:5,300', 'costs:2 spread:1.5 latency:200']
const ON_BARS = [...BOTH, 'spread:5bp', 'spread:20bp', 'gaps:10,60', 'costs:2 spread:10bp']

/** Dearer, wider, later, with gaps, and each half of the time by itself. */
export function defaultScenarios(time: DataTime, isBars: boolean): Scenario[] {
  const dates = tradingDates(time)
  const middle = Math.ceil(dates.length / 2)
  const halves = [
    { name: 'first half', range: { from: 0, to: middle } },
    { name: 'second half', range: { from: middle, to: dates.length } },
  ]
  return [
    ...(isBars ? ON_BARS : ON_TICKS).map(readScenario),
    ...(dates.length < 2 ? [] : halves.map(({ name, range }) => ({ name, range: rangeOf(dates, range, { asked: time }) }))),
  ]
}

/**
 * Reads `costs:2 spread:1.5`, `crash=from:2020-02-20 to:2020-04-01 costs:2`. Without a name it is called what it says.
 *
 * @throws ConfigError `run-stress` for what is none
 */
export function readScenario(text: string): Scenario {
  const [, given, rest = ''] = /^(?:([^=:]+)=)?(.+)$/s.exec(text.trim()) ?? []
  const words = rest.split(/\s+/).filter((word) => word !== '')
  const isTime = (word: string) => /^(from|to):/.test(word)
  const times = words.filter(isTime).map((word): [string, number] => [word.startsWith('from') ? 'fromUs' : 'toUs', timeIn(word)])
  const conditions = words.filter((word) => !isTime(word))
  if (words.length === 0 || new Set(times.map(([name]) => name)).size < times.length)
    throw new ConfigError(
      `--scenario: expected conditions such as "costs:2 from:2020-02-20 to:2020-04-01", found ${JSON.stringify(text)}.`,
      {
        code: 'run-stress',
      },
    )
  return {
    name: given?.trim() ?? words.join(' '),
    ...(conditions.length > 0 && { stress: parseStress(conditions) }),
    ...(times.length > 0 && { range: Object.fromEntries(times) }),
  }
}

function timeIn(word: string): number {
  const text = word.slice(word.indexOf(':') + 1)
  try {
    return usFromIso(isDate(text) ? `${text}T00:00:00Z` : text)
  } catch (cause) {
    throw new ConfigError(`--scenario: expected a date, or a UTC time, found ${word}.`, { code: 'run-stress', cause })
  }
}
