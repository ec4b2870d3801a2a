/**
 * A month in the life of a collector, November 2024 with its half day and the change of clocks, in virtual time: TWS restarts, IB goes away
 * at night and in the session, farms flap, sockets stay half open, another session takes the data, logins are lost for hours and a day.
 *
 * The market of the test knows every tick that every line should have had. What is missing on the tape must lie in a gap that the database
 * names for its line, and what is named must have been missing.
 */

import { expect, it } from 'vitest'

import { nyse } from '../../market/calendar/calendar.ts'
import { expectBounds, expectTrueLedger, watch, type Window } from '../support/collector/ledger-check.ts'
import { at, collectorInVirtualTime, MINUTE_MS, playMarket } from '../support/collector/virtual-collector.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { createMarket, makeBusy } from '../support/gateway/simulated-market.ts'
import type { SimulatedTws } from '../support/gateway/simulated-tws.ts'
import { unexpected } from '../support/unexpected.ts'
import type { VirtualTime } from '../support/virtual-time.ts'
import { temporaryFolder } from '../unit/collector/journal/journal-support.ts'

const [FROM, TO] = ['2024-11-01', '2024-11-30'] as const
const SEED = 20241101
const FIVE_MINUTES_MS = 5 * MINUTE_MS
/** A few for each outage. */
const WARNINGS = 500

/** How long it may take behind an outage until lines have data again: pauses between attempts, silent lines asked for again. */
const HEALING_MS = 3 * MINUTE_MS

class Script {
  readonly windows: Window[] = []
  readonly #time: VirtualTime

  constructor(time: VirtualTime) {
    this.#time = time
  }

  /** Something that keeps data away from `from` to `to`; what happens meanwhile is a list of clock times and acts. */
  outage(date: string, steps: Record<string, () => unknown>, { endDate = date, healingMs = HEALING_MS } = {}): void {
    const clocks = Object.keys(steps)
    const lastClock = clocks.at(-1) ?? ''
    for (const [clock, act] of Object.entries(steps)) this.#time.at(at(clock === lastClock ? endDate : date, clock), () => void act())
    this.windows.push({ fromMs: at(date, clocks[0] ?? ''), toMs: at(endDate, lastClock) + healingMs })
  }
}

/** What happens in the month. Each outage is another kind of those that recorders meet. */
function writeScript(script: Script, tws: SimulatedTws): void {
  const restart = () => {
    tws.idTaken(true)
    return tws.start()
  }
  const isOption = ({ farm }: { farm: string }) => farm === 'usopt'
  for (const { date } of nyse.sessions(FROM, TO)) {
    // IB's nightly reset, and the restart of TWS behind it.
    script.outage(date, { '23:20:00': () => tws.ibLost(), '23:23:30': () => tws.ibBack() })
    script.outage(date, { '23:45:00': () => tws.stop(), '23:46:10': restart, '23:46:50': () => tws.idTaken(false) })
  }
  // Credentials end in the night to Sunday; somebody logs in on Sunday evening, or on Monday, in the session.
  for (const [sunday, until, clock] of [
    ['2024-11-03', '2024-11-03', '18:00:00'],
    ['2024-11-10', '2024-11-11', '10:40:00'],
    ['2024-11-17', '2024-11-17', '20:10:00'],
    ['2024-11-24', '2024-11-25', '13:05:00'],
  ] as const)
    script.outage(sunday, { '01:00:00': () => tws.stop(), [clock]: () => tws.start() }, { endDate: until })

  // Data ends half a minute before TWS notices.
  script.outage('2024-11-04', { '10:59:35': () => tws.ibGone(), '11:00:05': () => tws.ibLost(), '11:04:00': () => tws.ibBack() })
  script.outage('2024-11-05', {
    '12:00:00': () => tws.farmGone('usopt'),
    '12:00:12': () => tws.farmBroken('usopt'),
    '12:20:00': () => tws.farmWorks('usopt'),
  })
  script.outage('2024-11-06', {
    '13:00:00': () => {
      tws.muteClients()
      tws.idTaken(true)
    },
    '13:01:30': () => tws.idTaken(false),
  })
  // All day.
  script.outage('2024-11-07', { '06:50:00': () => tws.stop(), '19:00:00': () => tws.start() })
  script.outage('2024-11-08', { '10:15:00': () => tws.competing(true), '10:55:00': () => tws.competing(false) })
  // A proxy in front of a TWS that is gone.
  script.outage('2024-11-12', {
    '14:00:00': () => tws.deaf(),
    '14:20:00': () => tws.listening(),
  })
  // A farm flaps for three seconds, and its lines are dead behind it.
  script.outage('2024-11-13', {
    '10:30:00': () => tws.farmBroken('usfarm'),
    '10:30:03': () => tws.farmWorks('usfarm', { areLinesDead: true }),
  })
  script.outage('2024-11-13', {
    '15:10:00': () => tws.farmBroken('usopt'),
    '15:10:03': () => tws.farmWorks('usopt', { areLinesDead: true }),
  })
  script.outage('2024-11-14', { '11:30:00': () => tws.ibLost(), '11:32:00': () => tws.ibBackWithoutLines() })
  // IB is back without the farm of options, whose lines are dead also behind its return.
  script.outage('2024-11-15', {
    '12:00:00': () => tws.ibLost(),
    '12:03:00': () => tws.ibBack({ missing: ['usopt'], dead: ['usopt'] }),
    '12:33:00': () => tws.farmWorks('usopt'),
  })
  // A line dies, and nobody says so: the watchdog's delay is part of what is missing.
  script.outage('2024-11-18', { '11:00:00': () => tws.killLines(({ conId }) => conId === 4321) }, { healingMs: 10 * MINUTE_MS })
  script.outage('2024-11-18', { '14:00:00': () => tws.killLines(({ conId }) => conId === 1000) }, { healingMs: 20 * MINUTE_MS })
  script.outage('2024-11-19', { '11:00:30': () => tws.hold(), '11:00:46': () => tws.release() })
  script.outage('2024-11-20', { '12:00:00': () => tws.stop(), '12:02:00': restart, '12:02:40': () => tws.idTaken(false) })
  // Options are refused while their farm is away, and served again when IB is back.
  script.outage('2024-11-22', {
    '10:30:00': () => {
      tws.farmGone('usopt')
      tws.refuseLines(isOption, 354, 'Requested market data is not subscribed.')
    },
    '10:31:00': () => tws.ibLost(),
    '10:36:00': () => {
      tws.farmWorks('usopt')
      tws.ibBack()
    },
  })
  // TWS restarts without IB (2110), which it reaches later.
  script.outage('2024-11-26', {
    '10:00:00': () => tws.stop(),
    '10:01:00': () => {
      tws.ibGone()
      return tws.start()
    },
    '10:20:00': () => tws.ibBack(),
  })
  script.outage('2024-11-27', { '15:59:00': () => tws.muteClients(), '15:59:01': () => undefined })
  // On a holiday, and over the early close.
  script.outage('2024-11-28', { '11:00:00': () => tws.ibLost(), '14:00:00': () => tws.ibBack() })
  script.outage('2024-11-29', { '12:55:00': () => tws.ibLost(), '13:20:00': () => tws.ibBack() })
}

forEachEdition('a month of outages', ({ name, createTapeDatabase }) => {
  // What is done beside the database is the same with each.
  it.runIf(name === EMBEDDED)(
    'leaves no missing tick unnamed and names nothing else, leaves no line dead, records nothing twice, and keeps to its bounds',
    async () => {
      const contracts = createMarket(FROM, TO, SEED)
      const [stock = unexpected()] = contracts
      makeBusy(stock, at('2024-11-19', '11:00:00'), 60, 25)
      const directory = await temporaryFolder()
      const collector = await collectorInVirtualTime({ directory, startMs: at(FROM, '07:30:00'), contracts, seed: SEED })
      const { time, tws, loopback, counts, logged } = collector
      const lived = watch(collector, contracts)
      const script = new Script(time)
      try {
        writeScript(script, tws)
        playMarket(time, contracts, tws)
        collector.start()
        await time.advanceTo(at(TO, '12:00:00'))
        expect(counts.lines).toBe(contracts.length)
      } finally {
        await collector.finish()
      }
      await expectTrueLedger(await createTapeDatabase(), lived, script.windows)
      expectBounds(loopback.attemptsMs, tws.refusedIdsMs, tws.requestsMs)
      expect(tws.refusedIdsMs.length).toBeGreaterThan(20)
      expect(logged.filter(({ level }) => Number(level) >= 40).length).toBeLessThan(WARNINGS)
      const { received } = lived
      for (const { conId, ticksMs } of contracts)
        expect(received.get(conId)?.filter(({ isInitial }) => !isInitial).length).toBeLessThan(ticksMs.length * 0.97)
    },
    FIVE_MINUTES_MS,
  )
})
