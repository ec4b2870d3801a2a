/** What befalls a recording, each with the end that it comes to by itself: afterwards the collector can record on. */

import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { OPEN_US } from '../gateway/gateway-tape.ts'
import type { ChaosRig } from './rig.ts'

export interface Disaster {
  name: string
  strike: (rig: ChaosRig, random: () => number) => Promise<void>
}

/** IB's number of the message that tells the time; the replay gateway publishes that of the tape with it. */
const CURRENT_TIME = 49
const JOURNAL_LIMIT_BYTES = 1 << 20

export const DISASTERS: readonly Disaster[] = [
  {
    name: 'the collector is killed, and some starts after it',
    async strike(rig, random) {
      await rig.killCollector()
      for (let starts = Math.floor(random() * 3); starts > 0; starts--) {
        rig.startCollector()
        await sleep(random() * 3000)
        await rig.killCollector()
      }
      rig.startCollector()
    },
  },
  {
    name: 'the postmaster is killed',
    strike: (rig) => rig.killPostmaster(),
  },
  {
    name: 'a backend is killed in its transaction',
    strike: (rig) => rig.killBackend(),
  },
  {
    name: 'the database starts anew in the middle of a COPY',
    async strike(rig) {
      const hold = rig.database.holdCopyData()
      await hold.reached
      await rig.killPostmaster()
    },
  },
  {
    name: 'the connection is cut around a commit',
    async strike(rig, random) {
      const hold = random() < 0.5 ? rig.database.holdCommit() : rig.database.holdReplyToCommit()
      await hold.reached
      if (random() < 0.5) hold.cut()
      else {
        hold.cutClient()
        await sleep(random() * 300)
        hold.release()
      }
    },
  },
  {
    name: 'the collector is killed while its commit is under way',
    async strike(rig, random) {
      const hold = random() < 0.5 ? rig.database.holdCommit() : rig.database.holdReplyToCommit()
      await hold.reached
      await rig.killCollector()
      if (random() < 0.5) hold.release()
      else hold.cut()
      rig.startCollector()
    },
  },
  {
    name: 'the gateway is killed and plays the tape from its begin',
    strike: (rig) => rig.restartGateway(),
  },
  {
    name: 'the connection to the gateway is torn in a message',
    async strike(rig, random) {
      await rig.link.tear(Math.floor(random() * 100), random() < 0.5 ? 'end' : 'reset')
    },
  },
  {
    name: 'the clock of the gateway is set forward, and back',
    async strike(rig, random) {
      rig.link.say(CURRENT_TIME, 1, OPEN_US + Math.round(3600e6 * (1 + random())))
      await sleep(random() * 500)
    },
  },
  {
    name: 'the disk of the journal is slow',
    async strike(rig, random) {
      await writeFile(rig.slowDiskFlag, '')
      await sleep(500 + random() * 3000)
      if (random() < 0.5) {
        await rig.killCollector()
        rig.startCollector()
      }
      await rm(rig.slowDiskFlag, { force: true })
    },
  },
  {
    name: 'the database is away until the journal is full',
    async strike(rig, random) {
      rig.database.cut()
      await rig.journalHolds(JOURNAL_LIMIT_BYTES * 0.9)
      await sleep(random() * 1000)
      if (random() < 0.3) {
        await rig.killCollector()
        rig.startCollector()
      }
      rig.database.resume()
    },
  },
]
