/**
 * Runs a measurement against its limit in the same run: both alternate a few times, the medians are compared, and the ratio is
 * printed in a table and as one line of JSON, which goes to the file TAPEDECK_BENCH_JSON when that is set. Nothing is asserted:
 * a figure is read, not passed.
 */

import { appendFileSync } from 'node:fs'

import { bench } from 'vitest'

export interface Figures {
  /** Per second. */
  ours: number
  /** Per second, of what nothing can be faster than here and now. */
  limit: number
}

export interface Measurement {
  /** What is measured: `writer into quotes, on the embedded server`. */
  title: string
  /** `rows/s` */
  unit: string
  /** What the limit is: `the same rows through one COPY`. */
  limit: string
  /** Measures both once. Other figures of the round go by name into `more`. */
  round: () => Promise<Figures & { more?: Record<string, number> }>
  /** Afterwards, whatever happened. */
  cleanUp?: () => Promise<void>
}

const ROUNDS = 5

/** Defines a measurement as one benchmark of the runner, which is asked to run it once. */
export function measure({ title, unit, limit, round, cleanUp }: Measurement): void {
  bench(
    title,
    async () => {
      try {
        const rounds = []
        for (let i = 0; i < ROUNDS; i++) rounds.push(await round())
        report({ title, unit, limit, rounds })
      } finally {
        await cleanUp?.()
      }
    },
    { time: 0, iterations: 1, warmupTime: 0, warmupIterations: 0, throws: true },
  )
}

function report({
  title,
  unit,
  limit,
  rounds,
}: {
  title: string
  unit: string
  limit: string
  rounds: Awaited<ReturnType<Measurement['round']>>[]
}): void {
  const result = {
    title,
    unit,
    ours: Math.round(median(rounds.map(({ ours }) => ours))),
    limit: Math.round(median(rounds.map((figures) => figures.limit))),
    limitIs: limit,
    ratio: Number(median(rounds.map((figures) => figures.ours / figures.limit)).toFixed(3)),
    ratios: rounds.map((figures) => Number((figures.ours / figures.limit).toFixed(3))),
    more: Object.fromEntries(
      Object.keys(rounds[0]?.more ?? {}).map((name) => [name, median(rounds.map(({ more }) => more?.[name] ?? Number.NaN))]),
    ),
    node: process.version,
  }
  const number = (value: number) => value.toLocaleString('en').padStart(12)
  const more = Object.entries(result.more).map(([name, value]) => `  ${name.padEnd(44)}${number(Number(value.toFixed(3)))}\n`)
  process.stdout.write(
    `\n${title}\n  ${unit.padEnd(44)}${number(result.ours)}\n  ${limit.padEnd(44)}${number(result.limit)}\n  ${'ratio'.padEnd(44)}${number(result.ratio)}\n${more.join('')}`,
  )
  const json = `${JSON.stringify(result)}\n`
  const file = process.env['TAPEDECK_BENCH_JSON']
  if (file) appendFileSync(file, json)
  else process.stdout.write(json)
}

/** Seconds that `work` took, and what it returned. */
export async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const startedMs = performance.now()
  const result = await work()
  return { seconds: (performance.now() - startedMs) / 1000, result }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The smallest value that at least the share `share` of all values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
