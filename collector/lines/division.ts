/**
 * Divides what is wanted over several connections (plan/divide.ts), each of which has a registry and a budget of its own, and stands in
 * for both towards the search for the universe, which knows nothing of connections.
 *
 * States of a connection: up (at the start, too) -> gone (no link, or IB is away, for 5 s, and for 2 s at the start: its contracts go to
 * those that are up) -> up (it was there for a minute, or no other is up: its contracts come home). With none up all stays where it is.
 * Where a gateway turns out to have fewer lines than the settings say, what it has none for moves to where there are some.
 *
 * A contract is on one connection at a time: between the closing here and the first data there it has a gap.
 */

import type { Contract } from '../../market/contract.ts'
import type { Link } from '../ib/link/link.ts'
import { type Recorder, ROTATION } from '../record/recorder.ts'
import { DELAYS, type LineDelays } from './ask-again.ts'
import type { LineBudget, WantedUniverse } from './budget.ts'
import type { LineSupply } from './line-supply.ts'
import { type Line, lineKey, type WantedLine } from './line.ts'
import { divide, type Group, UNDIVIDED } from './plan/divide.ts'
import type { LineRegistry } from './registry.ts'
import type { LinesInDoubt } from './registry-options.ts'

export interface LineConnection {
  /** `host:port`, and more where that is not enough. */
  name: string
  supply: LineSupply
  budget: LineBudget
  /** The gateway has lost IB, and no data says otherwise. */
  ibIsAway: () => boolean
}

export interface LineDivisionOptions {
  connections: readonly LineConnection[]
  /** Market-data lines of each, in that order. */
  lines: readonly number[]
  recorder: Pick<Recorder, 'nowUs'>
  onMoved: (moved: { gone: readonly string[]; contracts: number; lines: number }) => void
  delays?: Partial<LineDelays> | undefined
}

/** What the search for the universe needs of lines, be they of one connection or of several. */
export type UniverseLines = Pick<LineRegistry, 'all' | 'wanted' | 'want' | 'wantOnly' | 'makeRoomFor' | 'askSilentAgain'>
export type UniverseBudget = Pick<LineBudget, 'isOn' | 'want'>
export interface UniverseSupply {
  /** One that is up. */
  readonly link: Link | undefined
  readonly lines: UniverseLines
  universeFound(): void
}

interface Member extends LineConnection {
  /** By the settings. */
  lines: number
  /** What it has of them, as was learned. */
  available: number
  isUp: boolean
  /** `performance.now()` since when it is there, or gone. */
  sinceMs: number
  isThere: boolean
  wasThere: boolean
}

const CHECK_MS = 500
/** At the start, for a connection that was not there yet: what its contracts are needed for waits. */
const FIRST_MS = 2000

export class LineDivision implements UniverseLines, UniverseBudget, UniverseSupply {
  readonly #options: LineDivisionOptions
  readonly #members: readonly Member[]
  readonly #delays: LineDelays
  /** Lines that are wanted beside what the budgets share. */
  #wanted = new Map<string, WantedLine>()
  #universe: WantedUniverse | undefined
  #division = UNDIVIDED
  #timer: NodeJS.Timeout | undefined
  /** Lines that each member has, as was seen last, and since when. */
  #learned: readonly number[] = []
  #learnedMs = 0

  constructor(options: LineDivisionOptions) {
    this.#options = options
    this.#delays = { ...DELAYS, ...options.delays }
    const state = { isUp: true, isThere: false, wasThere: false, sinceMs: performance.now() }
    this.#members = options.connections.map((connection, i) => {
      const lines = options.lines[i] ?? 0
      return { ...connection, ...state, lines, available: lines }
    })
  }

  start(): void {
    for (const member of this.#members) member.sinceMs = performance.now()
    this.#timer = setInterval(() => this.#check(), CHECK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Takes over other numbers of lines, in the order of the connections; the universe follows by itself. */
  configure(lines: readonly number[]): void {
    for (const [i, member] of this.#members.entries()) member.lines = lines[i] ?? member.lines
  }

  /** The contract is with another connection, or would be. */
  isElsewhere(instrument: number, name: string): boolean {
    const at = this.#division.at.get(instrument)
    return at !== undefined && at !== name
  }

  /** Connections whose contracts are with the others. */
  get gone(): string[] {
    return this.#members.filter(({ isUp }) => !isUp).map(({ name }) => name)
  }

  get link(): Link | undefined {
    return (this.#members.find(({ supply, ibIsAway }) => supply.link && !ibIsAway()) ?? this.#members.find(({ supply }) => supply.link))
      ?.supply.link
  }

  get lines(): UniverseLines {
    return this
  }

  universeFound(): void {
    for (const { supply } of this.#members) supply.universeFound()
  }

  get all(): readonly Line[] {
    return this.#members.flatMap(({ supply }) => supply.lines.all)
  }

  get wanted(): number {
    return this.#members.reduce((sum, { supply }) => sum + supply.lines.wanted, 0)
  }

  get isOn(): boolean {
    return this.#members.some(({ budget }) => budget.isOn)
  }

  askSilentAgain(cause: string, what?: Partial<LinesInDoubt>): void {
    for (const { supply } of this.#members) supply.lines.askSilentAgain(cause, what)
  }

  makeRoomFor(lines: readonly WantedLine[], _limit: number, cause: string): void {
    this.#note(lines)
    for (const member of this.#members) member.supply.lines.makeRoomFor(this.#partOf(member, lines), member.lines, cause)
  }

  want(universe: readonly WantedLine[] | WantedUniverse): void {
    if (!isUniverse(universe)) return this.#wantLines(universe)
    this.#universe = universe
    this.#wanted = new Map(universe.pinned.map((line) => [lineKey(line), line]))
    this.#divide()
    for (const member of this.#members) member.budget.want(this.#universeOf(member, universe))
  }

  wantOnly(lines: readonly WantedLine[], cause: string): void {
    this.#wanted.clear()
    this.#note(lines)
    for (const member of this.#members) member.supply.lines.wantOnly(this.#shareOf(member, this.#partOf(member, lines)), cause)
  }

  /** What is to be held at once of more than the connection has lines for: what is held already, and as much as fits where nothing takes turns. */
  #shareOf(member: Member, part: readonly WantedLine[]): WantedLine[] {
    const { supply, budget, lines: limit } = member
    if (part.filter(({ feed }) => !feed).length <= limit) return [...part]
    const isHeld = new Set(supply.lines.all.map(({ key }) => key))
    const held = part.filter((line) => isHeld.has(lineKey(line)))
    return budget.isOn ? held : this.#atMost(member, [...held, ...part.filter((line) => !isHeld.has(lineKey(line)))])
  }

  #wantLines(lines: readonly WantedLine[]): void {
    this.#note(lines)
    for (const member of this.#members) this.#wantHere(member, lines)
  }

  /** Options that are not held yet have the lines that are left: the budgets share them once the universe is known. */
  #wantHere(member: Member, lines: readonly WantedLine[]): void {
    const { lines: registry } = member.supply
    const held = new Set(registry.all.map(({ key }) => key))
    const part = this.#partOf(member, lines)
    const room = Math.max(0, member.lines - registry.wanted)
    const options = part.filter((line) => line.contract.kind === 'option' && !held.has(lineKey(line)))
    const beyond = new Set(options.slice(room))
    registry.want(part.filter((line) => !beyond.has(line)))
  }

  /** No more market-data lines than the connection has. */
  #atMost({ lines: limit }: Member, lines: readonly WantedLine[]): WantedLine[] {
    let taken = 0
    return lines.filter(({ feed }) => feed !== undefined || taken++ < limit)
  }

  #note(lines: readonly WantedLine[]): void {
    for (const line of lines) this.#wanted.set(lineKey(line), line)
    this.#divide()
  }

  #check(): void {
    const nowMs = performance.now()
    for (const member of this.#members) {
      const isThere = member.supply.link !== undefined && !member.ibIsAway()
      member.wasThere ||= isThere
      if (isThere !== member.isThere) Object.assign(member, { isThere, sinceMs: nowMs })
    }
    const before = this.gone.join()
    for (const member of this.#members) {
      const { isUp, isThere, wasThere, sinceMs } = member
      const others = this.#members.some((other) => other !== member && other.isUp && other.isThere)
      if (isUp) member.isUp = isThere || nowMs - sinceMs < (wasThere ? this.#delays.goneMs : Math.min(FIRST_MS, this.#delays.goneMs))
      else member.isUp = isThere && (!others || nowMs - sinceMs >= this.#delays.backMs)
    }
    const isLearned = this.#learn(nowMs)
    if (isLearned || this.gone.join() !== before) this.#move()
  }

  /** Returns true when gateways have had other numbers of lines for a few seconds. */
  #learn(nowMs: number): boolean {
    const lines = this.#members.map((member) => member.supply.lines.atMost(member.lines))
    if (lines.every((one, i) => one === this.#learned[i])) {
      if (this.#members.every(({ available }, i) => available === lines[i]) || nowMs - this.#learnedMs < this.#delays.goneMs) return false
      for (const [i, member] of this.#members.entries()) member.available = lines[i] ?? member.lines
      return true
    }
    this.#learned = lines
    this.#learnedMs = nowMs
    return false
  }

  #move(): void {
    const before = this.#division.at
    this.#divide()
    const { at } = this.#division
    const moved = new Set([...at].filter(([instrument, name]) => before.get(instrument) !== name).map(([instrument]) => instrument))
    if (moved.size === 0) return
    let lines = 0
    for (const { name, supply, budget } of this.#members) {
      const held = new Set(supply.lines.all.map(({ instrument }) => instrument))
      const from = [...moved].filter((instrument) => before.get(instrument) === name && held.has(instrument))
      const causeOf = (instrument: number) =>
        budget.reasonOf(instrument) === 'rotation' ? ROTATION : `moved to ${at.get(instrument) ?? 'nowhere'}`
      for (const cause of new Set(from.map(causeOf)))
        supply.lines.exchange({ release: from.filter((instrument) => causeOf(instrument) === cause), want: [], order: [], cause })
      lines += from.length
    }
    const nowUs = this.#options.recorder.nowUs
    // What happened before is told of the other connection.
    const since = <T extends WantedLine>(line: T): T => (moved.has(line.instrument) ? { ...line, wantedUs: nowUs } : line)
    for (const member of this.#members) {
      if (this.#universe) {
        const { pinned, options, ...rest } = this.#universeOf(member, this.#universe)
        member.budget.want({ ...rest, pinned: pinned.map(since), options: options.map((chain) => chain.map(since)) })
      } else this.#wantHere(member, [...this.#wanted.values()].filter(({ instrument }) => moved.has(instrument)).map(since))
    }
    this.#options.onMoved({ gone: this.gone, contracts: moved.size, lines })
  }

  #divide(): void {
    const { pinned = [], options = [] } = this.#universe ?? {}
    const groups = groupsOf([...this.#wanted.values(), ...pinned, ...options.flat()])
    const connections = this.#members.map(({ name, available, isUp }) => ({ name, lines: available, isUp }))
    this.#division = divide(groups, connections, this.#division)
  }

  #partOf<T extends WantedLine>({ name }: Member, lines: readonly T[]): T[] {
    return lines.filter(({ instrument }) => this.#division.at.get(instrument) === name)
  }

  #universeOf(member: Member, { pinned, options, centers }: WantedUniverse): WantedUniverse {
    const here = this.#partOf(member, pinned)
    return {
      pinned: here,
      elsewhere: pinned.filter((line) => !here.includes(line)),
      options: options.map((chain) => this.#partOf(member, chain)),
      lines: member.lines,
      centers,
    }
  }
}

function isUniverse(wanted: readonly WantedLine[] | WantedUniverse): wanted is WantedUniverse {
  return 'centers' in wanted
}

/** By underlying, expiry and strike. */
function groupsOf(lines: readonly WantedLine[]): Group[] {
  const contracts = new Map(lines.map(({ instrument, contract }) => [instrument, contract]))
  return nested(
    [...contracts],
    [
      ({ symbol }) => symbol,
      (contract) => (contract.kind === 'option' ? `${contract.expiry} ${contract.tradingClass}` : undefined),
      (contract) => (contract.kind === 'option' ? String(contract.strike) : undefined),
    ],
  )
}

type KeyOf = (contract: Contract) => string | undefined

function nested(contracts: readonly (readonly [number, Contract])[], [keyOf, ...rest]: readonly KeyOf[]): Group[] {
  if (!keyOf) return []
  const groups = new Map<string, (readonly [number, Contract])[]>()
  for (const entry of contracts) {
    const key = keyOf(entry[1])
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(entry)
    else groups.set(key, [entry])
  }
  const [next] = rest
  return [...groups.values()].map((entries) => ({
    instruments: entries.filter(([, contract]) => next?.(contract) === undefined).map(([instrument]) => instrument),
    parts: nested(entries, rest),
  }))
}
