/**
 * Plays a fault script beside a tape.
 *
 * States of a fault: waiting (for its moment: the start, tape time, a number of messages, a client) -> running (until tape time or the
 * wall says that it is over, or the tape ends) -> over. Some kinds are over as soon as they have begun. A line in the log says when each
 * begins and ends, and at the end which ones never came. Of what is due at one time of the tape, the script's order decides, and what
 * begins goes ahead of what ends: two silences that follow each other leave no moment between them.
 */

import type { Socket } from 'node:net'

import { ConfigError } from '../../../market/errors.ts'
import { isoFromUs } from '../../../market/time.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import type { Agenda } from '../server/player.ts'
import type { Running, Stage } from './fault.ts'
import { unknownLines } from './lines.ts'
import type { FaultScript, ScriptedFault } from './script.ts'

const US_PER_SECOND = 1_000_000
const NEVER = Number.POSITIVE_INFINITY

interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

interface ConductorOptions {
  /** Time of the first tick. */
  startUs: number
  /** Everything that is served. */
  contracts: Iterable<ListedContract>
  log: Log
}

interface Waiting {
  readonly scripted: ScriptedFault
  readonly atUs: number
  readonly afterMessages: number
}

interface Active {
  readonly scripted: ScriptedFault
  readonly running: Running
  readonly untilUs: number
  timer: NodeJS.Timeout | undefined
}

export class FaultConductor implements Agenda {
  readonly #stage: Stage
  readonly #log: Log
  #waiting: Waiting[]
  #active: Active[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Tape time, and number of messages, of what begins or ends next. */
  #nextUs = NEVER
  #nextMessages = NEVER
  #clients = 0

  /** @throws ConfigError when the script names contracts that are not served. */
  constructor(script: FaultScript, stage: Stage, { startUs, contracts, log }: ConductorOptions) {
    this.#stage = stage
    this.#log = log
    checkNames(script, contracts)
    this.#waiting = script.faults.map((scripted) => {
      const { atUs, afterTapeUs, afterMessages = NEVER } = scripted.trigger
      return { scripted, atUs: atUs ?? (afterTapeUs === undefined ? NEVER : startUs + afterTapeUs), afterMessages }
    })
    this.#plan()
  }

  /** Tape time of what is due next; what waits for messages that were sent is due now. */
  get dueUs(): number {
    return this.#stage.sampler.totals.messagesServed >= this.#nextMessages ? Number.NEGATIVE_INFINITY : this.#nextUs
  }

  /** Begins what is to begin with the gateway. */
  start(): void {
    this.#beginThose(({ scripted: { trigger } }) => Object.keys(trigger).length === 0)
    this.#plan()
  }

  play(nowUs: number): void {
    const messages = this.#stage.sampler.totals.messagesServed
    this.#beginThose(({ atUs, afterMessages }) => atUs <= nowUs || afterMessages <= messages)
    for (const active of this.#active.filter(({ untilUs }) => untilUs <= nowUs)) this.#end(active)
    this.#plan()
  }

  /** A client was let in. */
  clientConnected(): void {
    this.#clients++
    const isMeant = ({ scripted }: Waiting) => scripted.trigger.afterConnect?.connection === this.#clients
    for (const waiting of this.#waiting.filter(isMeant)) {
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer)
          this.#beginThose((one) => one === waiting)
          this.#replan()
        },
        (waiting.scripted.trigger.afterConnect?.seconds ?? 0) * 1000,
      )
      timer.unref()
      this.#timers.add(timer)
    }
  }

  /** True when a fault has taken the connection over. */
  takesConnection(socket: Socket): boolean {
    return this.#active.some(({ running }) => running.connected?.(socket) === true)
  }

  /**
   * True when a fault takes care of a request. `answer` answers it.
   *
   * @throws RequestError when a fault refuses it.
   */
  takesRequest(name: string, request: object, answer: () => void): boolean {
    return this.#active.some(({ running }) => running.asked?.(name, request, answer) === true)
  }

  /** Ends what lasts for some tape time, as there is none left. */
  tapeEnded(): void {
    for (const active of this.#active.filter(({ untilUs }) => untilUs !== NEVER)) this.#end(active)
    this.#plan()
  }

  /** The gateway stops. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    for (const { running, timer } of this.#active) {
      clearTimeout(timer)
      if (running.stop) running.stop()
      else running.end()
    }
    this.#active = []
    for (const { scripted } of this.#waiting)
      this.#log.warn(detailsOf(scripted), `A fault of the script never came: ${scripted.kind.describe(scripted.fault)}`)
    this.#waiting = []
    this.#plan()
  }

  #beginThose(isDue: (waiting: Waiting) => boolean): void {
    const due = this.#waiting.filter(isDue)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting))
    for (const { scripted, atUs } of due.toSorted((a, b) => (a.atUs === b.atUs ? 0 : a.atUs - b.atUs))) this.#begin(scripted, atUs)
  }

  #begin(scripted: ScriptedFault, atUs: number): void {
    const { kind, fault, tapeSeconds, seconds } = scripted
    const { nowUs } = this.#stage
    this.#log.info({ ...detailsOf(scripted), tape: isoFromUs(nowUs) }, `A fault begins: ${kind.describe(fault)}`)
    const running = kind.begin(fault, this.#stage)
    if (!running) return
    const fromUs = atUs === NEVER ? nowUs : Math.max(atUs, nowUs)
    const active: Active = {
      scripted,
      running,
      untilUs: tapeSeconds === undefined ? NEVER : fromUs + Math.round(tapeSeconds * US_PER_SECOND),
      timer: undefined,
    }
    this.#active.push(active)
    if (seconds === undefined) return
    active.timer = setTimeout(() => {
      this.#end(active)
      this.#replan()
    }, seconds * 1000)
    active.timer.unref()
  }

  #end(active: Active): void {
    const at = this.#active.indexOf(active)
    if (at < 0) return
    this.#active.splice(at, 1)
    clearTimeout(active.timer)
    active.running.end()
    const { scripted } = active
    const tape = isoFromUs(this.#stage.nowUs)
    this.#log.info({ ...detailsOf(scripted), tape }, `A fault ends: ${scripted.kind.describe(scripted.fault)}`)
  }

  #replan(): void {
    this.#plan()
    this.#stage.replanned()
  }

  #plan(): void {
    this.#nextUs = Math.min(...this.#waiting.map(({ atUs }) => atUs), ...this.#active.map(({ untilUs }) => untilUs))
    this.#nextMessages = Math.min(...this.#waiting.map(({ afterMessages }) => afterMessages))
  }
}

function checkNames({ label, faults }: FaultScript, contracts: Iterable<ListedContract>): void {
  const names = new Set(faults.flatMap(({ kind, fault }) => kind.of?.(fault) ?? []))
  const unknown = unknownLines([...names], contracts)
  if (unknown.length === 0) return
  throw new ConfigError(
    `The fault script ${label} names what is not served: ${unknown.slice(0, 5).join(', ')}. Expected all, a farm (usfarm, usopt, usfuture, ` +
      'ushmds), or contracts of the tape such as TWX or TWX 2014-06-21 70 C.',
    { code: 'fault-script-contracts' },
  )
}

function detailsOf({ no, kind }: ScriptedFault): object {
  return { fault: no, kind: kind.name }
}
