/**
 * Memory of a collector after 2 and after 10 million ticks over the wire into the database: what is alive behind a collection of the
 * garbage must not have grown by a tenth. What the process has of the machine is printed beside it and follows its longest queue so far,
 * which is the machine's doing. TAPEDECK_MEMORY_TICKS says how many ticks the whole is.
 */

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'

import { bench } from 'vitest'

import { Part } from '../../backtester/demo/part.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { COMMAND, startCollector, temporaryDirectory } from '../support/process/recording.ts'

const TICKS = Number(process.env['TAPEDECK_MEMORY_TICKS'] ?? 10_000_000)
const EARLY_TICKS = TICKS / 5
const LINES = 100
/** Slow enough that the database keeps up: a queue is no leak. */
const TICKS_PER_SECOND = Number(process.env['TAPEDECK_MEMORY_RATE'] ?? 20_000)
const ALLOWED = 1.1
/** Taken at either point; what is on its way to the disk and the database comes and goes between them. */
const SAMPLES = 10
const PROBE = new URL('../support/process/memory-probe.mjs', import.meta.url)

interface Memory {
  heapUsed: number
  external: number
  rss: number
}

forEachEdition('memory', ({ name, createTapeDatabase }) => {
  bench(
    `after ${TICKS} ticks beside after ${EARLY_TICKS}, on ${name}`,
    async () => {
      const databaseUrl = await createTapeDatabase()
      const dataDir = await temporaryDirectory()
      const seconds = Math.ceil((TICKS * 1.05) / TICKS_PER_SECOND)
      const market = ['--synthetic', String(LINES), '--ticks-per-second', String(TICKS_PER_SECOND), '--seconds', String(seconds)]
      const serving = ['--lines', String(LINES), '--start-after-lines', String(LINES), '--speed', '1', '--sampling', 'off']
      const gateway = new Part('gateway', COMMAND, [
        'gateway',
        ...market,
        ...serving,
        '--port',
        '0',
        '--publish-time',
        '--rate',
        'off',
        '--json',
      ])
      try {
        const { port } = await gateway.event<{ port: number }>('listening')
        const env = { NODE_OPTIONS: `--import ${PROBE.href}` }
        const collector = startCollector({ port, databaseUrl, dataDir, symbol: 'SYN', env })
        const memories: Memory[] = []
        collector.onEvent<Memory>('memory', (memory) => memories.push(memory))
        let asked = 0
        collector.onEvent<{ received: number }>('progress', ({ received }) => {
          if (received < (asked < SAMPLES ? EARLY_TICKS : TICKS)) return
          collector.child.kill(asked++ < 2 * SAMPLES ? 'SIGUSR2' : 'SIGTERM')
        })
        await collector.event('summary')
        await collector.succeeded()
        const [early, late] = [least(memories.slice(0, SAMPLES)), least(memories.slice(SAMPLES))]
        report(name, early, late)
        const alive = ({ heapUsed, external }: Memory) => heapUsed + external
        assert(alive(late) <= alive(early) * ALLOWED, `alive: ${alive(early)} bytes, then ${alive(late)}`)
      } finally {
        gateway.kill('SIGKILL')
        await rm(dataDir, { recursive: true, force: true })
      }
    },
    { time: 0, iterations: 1, warmupTime: 0, warmupIterations: 0, throws: true },
  )
})

function least(samples: readonly Memory[]): Memory {
  const of = (key: keyof Memory) => Math.min(...samples.map((sample) => sample[key]))
  return { heapUsed: of('heapUsed'), external: of('external'), rss: of('rss') }
}

function report(name: string, early: Memory, late: Memory): void {
  const rows = [['heap in use', 'heapUsed'] as const, ['outside of the heap', 'external'] as const, ['resident', 'rss'] as const]
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(8)
  process.stdout.write(
    [
      `\nMiB after ${EARLY_TICKS.toLocaleString('en')} and after ${TICKS.toLocaleString('en')} ticks, on ${name}\n`,
      ...rows.map(([label, key]) => `  ${label.padEnd(24)}${mib(early[key])}${mib(late[key])}   x${(late[key] / early[key]).toFixed(2)}\n`),
    ].join(''),
  )
}
