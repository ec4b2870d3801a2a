/** When the faults of a script begin and end, whatever they do. */

import { describe, expect, it } from 'vitest'

import { Sampler } from '../../../../../backtester/gateway/book/sampler.ts'
import { ContractBook } from '../../../../../backtester/gateway/contracts/contracts.ts'
import { LineAllowance } from '../../../../../backtester/gateway/server/line-allowance.ts'
import { FaultConductor } from '../../../../../backtester/gateway/faults/conductor.ts'
import type { FaultKind, Stage } from '../../../../../backtester/gateway/faults/fault.ts'
import type { ScriptedFault } from '../../../../../backtester/gateway/faults/script.ts'
import type { Trigger } from '../../../../../backtester/gateway/faults/trigger.ts'

const START_US = 1_000_000_000

/** A conductor of faults that only note that they begin and end. */
class Rig {
  readonly played: string[] = []
  readonly never: number[] = []
  readonly sampler = new Sampler([], true)
  readonly conductor: FaultConductor
  readonly #kind: FaultKind<{ name: string }> = {
    name: 'noted',
    fields: {},
    describe: ({ name }) => name,
    begin: ({ name }) => {
      this.played.push(`${name} begins`)
      return { end: () => this.played.push(`${name} ends`) }
    },
  }

  constructor(faults: readonly { name: string; trigger: Trigger; tapeSeconds?: number }[]) {
    const stage: Stage = {
      sampler: this.sampler,
      contracts: new ContractBook([]),
      allowance: new LineAllowance(100),
      nowUs: START_US,
      clients: () => [],
      shutDoor: () => () => undefined,
      replanned: () => undefined,
    }
    const log = { info: () => undefined, warn: (details: object) => this.never.push((details as { fault: number }).fault) }
    const scripted = faults.map(({ name, trigger, tapeSeconds = 1 }, i) => {
      return { no: i + 1, kind: this.#kind as FaultKind, trigger, fault: { name }, tapeSeconds } satisfies ScriptedFault
    })
    this.conductor = new FaultConductor({ label: 'x.yaml', faults: scripted }, stage, { startUs: START_US, contracts: [], log })
  }

  /** Goes from moment to moment as the player does. */
  playUpTo(us: number): void {
    for (let dueUs = this.conductor.dueUs; dueUs <= us; dueUs = this.conductor.dueUs) this.conductor.play(Math.max(dueUs, START_US))
  }
}

describe('the conductor', () => {
  it('begins each fault at its time, in the order of the script where times are equal, ahead of what ends', () => {
    const rig = new Rig([
      { name: 'late', trigger: { afterTapeUs: 2_000_000 } },
      { name: 'first', trigger: { atUs: START_US + 1_000_000 } },
      { name: 'second', trigger: { afterTapeUs: 1_000_000 } },
    ])
    rig.playUpTo(START_US + 2_500_000)
    expect(rig.played).toEqual(['first begins', 'second begins', 'late begins', 'first ends', 'second ends'])
  })

  it('begins in the order of the script what waited for fewer messages than were sent', () => {
    const rig = new Rig([
      { name: 'of 20', trigger: { afterMessages: 20 } },
      { name: 'of 10', trigger: { afterMessages: 10 } },
      { name: 'of 30', trigger: { afterMessages: 30 } },
    ])
    rig.playUpTo(START_US)
    expect(rig.played).toEqual([])
    rig.sampler.totals.messagesServed = 25
    rig.playUpTo(START_US)
    expect(rig.played).toEqual(['of 20 begins', 'of 10 begins'])
    rig.conductor.stop()
    expect(rig.never).toEqual([3])
  })

  it('plays scripts of very many faults', () => {
    const count = 200_000
    const faults = Array.from({ length: count }, (_, i) => ({
      name: 'one',
      trigger: { afterTapeUs: (count - i) * 10 },
      tapeSeconds: 0.000001,
    }))
    const rig = new Rig(faults)
    rig.playUpTo(START_US + 10_000)
    expect([rig.played.length, rig.conductor.dueUs]).toEqual([1999, START_US + 10_001])
  })

  it('names in the order of the script what never came', () => {
    const rig = new Rig([
      { name: 'of messages', trigger: { afterMessages: 1 } },
      { name: 'of a client', trigger: { afterConnect: { seconds: 1, connection: 1 } } },
      { name: 'later', trigger: { afterTapeUs: 2 } },
      { name: 'sooner', trigger: { afterTapeUs: 1 } },
    ])
    rig.conductor.stop()
    expect(rig.never).toEqual([1, 2, 3, 4])
  })
})
