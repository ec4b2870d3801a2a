/**
 * Trading days of outages that nobody thought of: at random times, for random durations, one on top of the other, the same for the same
 * seed. The ledger is true all the same.
 */

import { expect, it } from 'vitest'

import { expectBounds, expectTrueLedger, watch, type Window } from '../support/collector/ledger-check.ts'
import { at, collectorInVirtualTime, MINUTE_MS, playMarket } from '../support/collector/virtual-collector.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { createMarket } from '../support/gateway/simulated-market.ts'
import type { SimulatedTws } from '../support/gateway/simulated-tws.ts'
import { seeded } from '../support/random.ts'
import type { VirtualTime } from '../support/virtual-time.ts'
import { temporaryFolder } from '../unit/collector/journal/journal-support.ts'

const DAY = '2024-11-05'
/** `SEEDS=200 SEED=17` runs two hundred days from that seed on. */
const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const SEEDS = Number(process.env['SEEDS'] ?? 12)
const OUTAGES = 8
const LONGEST_MS = 40 * MINUTE_MS
/** A dead line of an option that ticks once a minute is asked for again after 20 minutes without data. */
const HEALING_MS = 25 * MINUTE_MS
const FIVE_MINUTES_MS = 5 * MINUTE_MS

/** How an outage of a kind begins, and how it ends; each kind at most once a day. */
interface Kind {
  /** A shorter one may be usual silence. */
  leastMs?: number
  begin: (tws: SimulatedTws) => unknown
  end: (tws: SimulatedTws) => unknown
}

const KINDS: readonly Kind[] = [
  { begin: (tws) => tws.ibLost(), end: (tws) => tws.ibBack() },
  { begin: (tws) => tws.ibLost(), end: (tws) => tws.ibBackWithoutLines() },
  { begin: (tws) => tws.ibLost(), end: (tws) => tws.ibBack({ dead: ['usopt', 'usfarm'] }) },
  { leastMs: 20 * MINUTE_MS, begin: (tws) => tws.farmGone('usopt'), end: (tws) => tws.farmWorks('usopt') },
  { begin: (tws) => tws.farmBroken('usopt'), end: (tws) => tws.farmWorks('usopt') },
  { begin: (tws) => tws.farmBroken('usfarm'), end: (tws) => tws.farmWorks('usfarm', { areLinesDead: true }) },
  { begin: (tws) => tws.competing(true), end: (tws) => tws.competing(false) },
  { begin: (tws) => tws.stop(), end: (tws) => tws.start() },
  { begin: (tws) => tws.muteClients(), end: () => undefined },
  { begin: (tws) => tws.deaf(), end: (tws) => tws.listening() },
  {
    begin: (tws) => {
      tws.dropClients()
      tws.idTaken(true)
    },
    end: (tws) => tws.idTaken(false),
  },
]

/** Plans the outages of a day. */
function plan(time: VirtualTime, tws: SimulatedTws, random: () => number): Window[] {
  const planned = new Set<number>()
  const windows: Window[] = []
  const [openMs, closeMs] = [at(DAY, '09:50:00'), at(DAY, '15:30:00')]
  for (let i = 0; i < OUTAGES; i++) {
    const kind = Math.floor(random() * KINDS.length)
    const fromMs = Math.round(openMs + random() * (closeMs - openMs))
    // Most are short.
    const { leastMs = 1000, begin, end } = KINDS[kind] as Kind
    const toMs = Math.round(fromMs + leastMs + random() ** 3 * LONGEST_MS)
    if (planned.has(kind)) continue
    planned.add(kind)
    time.at(fromMs, () => void begin(tws))
    time.at(toMs, () => void end(tws))
    windows.push({ fromMs, toMs: toMs + HEALING_MS })
  }
  return windows
}

forEachEdition('days of random outages', ({ name, createTapeDatabase }) => {
  const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i)
  // What is done beside the database is the same with each.
  it.runIf(name === EMBEDDED).each(seeds)(
    'leave no missing tick unnamed, no line dead, and nothing twice: seed %i',
    async (seed) => {
      const random = seeded(seed)
      const contracts = createMarket(DAY, DAY, seed)
      const directory = await temporaryFolder()
      const collector = await collectorInVirtualTime({ directory, startMs: at(DAY, '09:20:00'), contracts, seed })
      const { time, tws, loopback, counts } = collector
      // Some answer for lines whose data is away from what they have kept.
      tws.answersFromCache = seed % 2 === 0
      tws.namesBrokenFarms = seed % 3 > 0
      const lived = watch(collector, contracts)
      const windows = plan(time, tws, random)
      try {
        playMarket(time, contracts, tws)
        collector.start()
        await time.advanceTo(at(DAY, '16:40:00'))
        expect.soft(counts.lines).toBe(contracts.length)
      } finally {
        await collector.finish()
      }
      await expectTrueLedger(await createTapeDatabase(), lived, windows)
      expectBounds(loopback.attemptsMs, tws.refusedIdsMs, tws.requestsMs)
    },
    FIVE_MINUTES_MS,
  )
})
