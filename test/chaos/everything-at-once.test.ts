/**
 * Recordings in which everything goes wrong, at seeded instants and in seeded order: processes that are killed, connections that are cut,
 * disks that are slow, clocks that are set, a journal that is full. Whatever came, what the journal took is in the database once and as it
 * was, and `tapedeck verify` proves it.
 *
 * Here each disaster strikes once. `npm run chaos` is the long form: SEED is the first seed, SEEDS how many follow (20), MINUTES goes on
 * with new seeds for so long, STRIKES how many disasters each recording gets (25).
 */

import { afterAll, beforeAll, expect, it } from 'vitest'

import { DISASTERS } from '../support/chaos/disasters.ts'
import { ChaosRig } from '../support/chaos/rig.ts'
import { CONTRACTS, type TapeRoom, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'
import { everyKind } from '../support/tape/every-kind.ts'

const IS_LONG = process.env['npm_lifecycle_event'] === 'chaos'
const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const MINUTES = Number(process.env['MINUTES'] ?? 0)
const SEEDS = Number(process.env['SEEDS'] ?? (IS_LONG && MINUTES === 0 ? 20 : 1))
const STRIKES = Number(process.env['STRIKES'] ?? (IS_LONG ? 25 : DISASTERS.length))
const DAY_MS = 86_400_000
/** Quarter of an hour of tape, from whose begin each gateway plays. */
const TICKS = 900_000
const STEP_US = 1000

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(everyKind(TICKS, STEP_US))
})
afterAll(() => room.clear())

it(
  'a recording to which everything happens is whole: each journaled record is in the database once, and as it was',
  async () => {
    const untilMs = performance.now() + MINUTES * 60_000
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS || performance.now() < untilMs; seed++) {
      const struck: string[] = []
      try {
        expect(await recordThrough(seed, struck)).toBe(STRIKES)
      } catch (error) {
        if (error instanceof Error) error.message = `SEED=${seed}, behind ${struck.join('; ')}: ${error.message}`
        throw error
      }
    }
  },
  DAY_MS,
)

/** Returns how many disasters it outlived. */
async function recordThrough(seed: number, struck: string[]): Promise<number> {
  const random = seeded(seed)
  const rig = await ChaosRig.start({ tape, lines: CONTRACTS.length })
  await rig.recordsOn()
  for (const disaster of drawn(STRIKES, random)) {
    struck.push(disaster.name)
    await disaster.strike(rig, random)
    await rig.recordsOn()
    // Beside a collector that records, too.
    expect((await rig.verify()).flatMap(({ problems }) => problems)).toEqual([])
  }
  const { received, written, quarantined, dropped, inFlight, recovered } = await rig.stop()
  expect(written + quarantined + dropped).toBe(received)
  expect({ inFlight, waiting: recovered.found - recovered.committed }).toEqual({ inFlight: 0, waiting: 0 })

  const proofs = await rig.verify()
  expect(proofs.flatMap(({ problems }) => problems)).toEqual([])
  for (const { records, comparedWithJournal, pending, hash } of proofs) {
    expect({ comparedWithJournal, pending }).toEqual({ comparedWithJournal: records, pending: 0 })
    expect(hash).toBeDefined()
  }
  const causes = await rig.query<{ cause: string }>('SELECT DISTINCT cause FROM gaps ORDER BY cause')
  const ticks = proofs.reduce((sum, proof) => sum + proof.ticks, 0)
  const counts = `${struck.length} disasters, ${proofs.length} sessions, ${ticks} ticks, ${dropped} dropped at last`
  console.log(`seed ${seed}: whole; ${counts}; gaps: ${causes.map(({ cause }) => cause).join(', ')}`)
  return struck.length
}

/** So many disasters, each kind once before any comes again. */
function drawn(count: number, random: () => number): (typeof DISASTERS)[number][] {
  const found: (typeof DISASTERS)[number][] = []
  while (found.length < count)
    found.push(
      ...[...DISASTERS]
        .map((disaster) => ({ disaster, lot: random() }))
        .sort((a, b) => a.lot - b.lot)
        .map(({ disaster }) => disaster),
    )
  return found.slice(0, count)
}
