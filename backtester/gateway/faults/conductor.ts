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
import { FaultQueue } from './fault-queue.ts'
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
  /** In the script, each repetition counted. */
  readonly place: number
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
  /** What waits for tape time, for messages, and for the gateway's start or a client. */
  readonly #timed: FaultQueue<Waiting>
  readonly #counted: FaultQueue<Waiting>
  #others: Waiting[]
  #active: Active[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Tape time of what begins or ends next. */
  #nextUs = NEVER
  #clients = 0

  /** @throws ConfigError when the script names contracts that are not served. */
  constructor(script: FaultScript, stage: Stage, { startUs, contracts, log }: ConductorOptions) {
    this.#stage = stage
    this.#log = log
    checkNames(script, contracts)
    const waiting = script.faults.map((scripted, place): Waiting => {
      const { atUs, afterTapeUs, afterMessages = NEVER } = scripted.trigger
      return { scripted, place, atUs: atUs ?? (afterTapeUs === undefined ? NEVER : startUs + afterTapeUs), afterMessages }
    })
    const isTimed = ({ atUs }: Waiting) => atUs !== NEVER
    const isCounted = ({ afterMessages }: Waiting) => afterMessages !== NEVER
    this.#timed = new FaultQueue(waiting.filter(isTimed), ({ atUs }) => atUs)
    this.#counted = new FaultQueue(waiting.filter(isCounted), ({ afterMessages }) => afterMessages)
    this.#others = waiting.filter((one) => !isTimed(one) && !isCounted(one))
    this.#plan()
  }

  /** Tape time of what is due next; what waits for messages that were sent is due now. */
  get dueUs(): number {
    return this.#stage.sampler.totals.messagesServed >= this.#counted.next ? Number.NEGATIVE_INFINITY : this.#nextUs
  }

  /** Begins what is to begin with the gateway. */
  start(): void {
    this.#beginOthers(({ scripted: { trigger } }) => Object.keys(trigger).length === 0)
    this.#plan()
  }

  play(nowUs: number): void {
    const messages = this.#stage.sampler.totals.messagesServed
    for (const { scripted, atUs } of this.#timed.take(nowUs)) this.#begin(scripted, atUs)
    for (const { scripted } of this.#counted.take(messages).toSorted(inOrder)) this.#begin(scripted, NEVER)
    for (const active of this.#active.filter(({ untilUs }) => untilUs <= nowUs)) this.#end(active)
    this.#plan()
  }

  /** A client was let in. */
  clientConnected(): void {
    this.#clients++
    const isMeant = ({ scripted }: Waiting) => scripted.trigger.afterConnect?.connection === this.#clients
    for (const waiting of this.#others.filter(isMeant)) {
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer)
          this.#beginOthers((one) => one === waiting)
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
    const neverCame = [...this.#timed.takeRest(), ...this.#counted.takeRest(), ...this.#others]
    for (const { scripted } of neverCame.toSorted(inOrder))
      this.#log.warn(detailsOf(scripted), `A fault of the script never came: ${scripted.kind.describe(scripted.fault)}`)
    this.#others = []
    this.#plan()
  }

  #beginOthers(isDue: (waiting: Waiting) => boolean): void {
    const due = this.#others.filter(isDue)
    this.#others = this.#others.filter((waiting) => !isDue(waiting))
    for (const { scripted } of due) this.#begin(scripted, NEVER)
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
    this.#nextUs = this.#timed.next
    for (const { untilUs } of this.#active) this.#nextUs = Math.min(this.#nextUs, untilUs)
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

/** As in the script. */
function inOrder(a: Waiting, b: Waiting): number {
  return a.place - b.place
}

function detailsOf({ no, kind }: ScriptedFault): object {
  return { fault: no, kind: kind.name }
}
