/**
 * Looks once a second for data that stopped although the link lives. Silence counts in seconds in which data is expected: in the session,
 * not while the symbol is halted, outside of the session only where data flowed there too, beyond the first values of a request. The hours are those that IB lists for the
 * contract, where it does, else those of the exchange. It makes no difference what the gateway says.
 *
 *   stall       nothing on any line for 3 s, behind seconds that were all busy: a gap of all lines, until the next data
 *   silent      nothing on any line for longer than 15 s and than 20 times what is usual: a gap of all lines, which are asked for again,
 *               every minute while it lasts; also where all that comes then is what TWS had in its cache
 *   group       the same of all lines of one kind (as a farm serves them) while others have data: all of them seem dead
 *   line        the same of one line (habit.ts) while others of its kind have data: it seems dead
 *   rare        a line that ticks too rarely for a habit has had nothing for an hour: it is looked up, and dead only where that says so
 *   no data     a line that the gateway said to serve has had none for 10 s: it was never alive
 *   no tick     a tick-by-tick line, which IB does not acknowledge, has had no first one for a minute: it is asked for again, and then less
 *               and less often, as it may be quiet
 *   no start    in the first 15 s in which data is expected the lines are not known, or none has data: a gap of all lines from the
 *               begin of the recording on
 *
 * Whether what seems dead is dead, or the market is quiet, is looked up first (probe.ts): a quiet line is left alone, and given four
 * times as long. A dead line is closed on the tape as of its last data (of its kind's, for a group), cancelled, and asked for again; tick
 * by tick after a good 15 s, as IB would revive the dead stream. Its gap lasts until its first data; where all of one kind fell silent, what
 * the gateway kept is none, until one of them has news. Lines that are found dead at once are one event.
 */

import type { TradingCalendar } from '../../market/calendar/calendar.ts'
import { LiquidHours } from '../../market/calendar/listed-hours.ts'
import type { ListedHours } from '../../market/contract.ts'
import type { Line } from '../lines/line.ts'
import type { LineRegistry } from '../lines/registry.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Counts } from '../telemetry/counts.ts'
import { expectationAt, TRAILING_US } from '../telemetry/data-flow.ts'
import type { Events } from '../telemetry/events/index.ts'
import { neverSinceUs } from './expected.ts'
import { Habit } from './habit.ts'
import type { Halts } from './halts.ts'
import type { LastData } from './last-data.ts'
import { HOPELESS, type Outages } from './outages.ts'
import type { Probe, Suspect } from './probe.ts'
import { StallMeter } from './stall.ts'

export interface WatchdogOptions {
  calendar: TradingCalendar
  recorder: Recorder
  lines: LineRegistry
  lastData: LastData
  halts: Halts
  probe: Probe
  outages: Outages
  counts: Pick<Counts, 'received'>
  events: Events
  /** A link is up. */
  isLinked: () => boolean
  linesAreKnown: () => boolean
}

const SECOND_MS = 1000
/** A check that comes so late says that this process did not run: what is silent then says nothing. */
const LATE_MS = 3000
const NO_DATA_S = 10
/** So long after the open a line that never had data is not taken for dead. */
const FIRST_TRADE_S = 60
const NO_START_S = 15
/** Others that had data so recently live. */
const ALIVE_S = 3
/** A line that ticks too rarely for a habit is looked up after so long a silence ... */
const RARE_S = 3600
/** ... one of them in so many seconds. */
const RARE_EVERY_S = 120
const ASK_AGAIN_S = 60
/** A silence of all lines that comes sooner behind another one goes on with it. */
const SOUND_S = 60
const ASK_AGAIN_AT_MOST_S = 900
/** Texts of listed hours whose meaning is kept. */
const MOST_HOURS = 100

interface Watched {
  habit: Habit
  dataUs: number
  silentS: number
}

interface WatchedGroup extends Watched {
  /** The last data of a group that was found dead, until one of it has news; 0 when all is well. */
  deadSinceUs: number
}

interface WatchedLine extends Watched {
  /** `heldSinceUs` of the hold that data has proven. */
  provenHoldUs: number
  /** `heldSinceUs` of the hold that was seen without data. */
  emptyHoldUs: number
  /** `heldSinceUs` of the hold whose seconds without data are counted. */
  unprovenHoldUs: number
  /** Seconds without data since the gateway said to serve it. */
  unprovenS: number
  askAgainS: number
}

export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #lines = new Map<string, WatchedLine>()
  readonly #groups = new Map<string, WatchedGroup>()
  /** All lines as one. */
  readonly #all = newWatched()
  readonly #stall = new StallMeter()
  /** By their text, which most contracts of a chain share. */
  readonly #hours = new Map<string, LiquidHours>()
  #checkedMs: number
  /** Seconds with a link in which data was expected and none had come. */
  #unstartedS = 0
  #isStarted = false
  /** Seconds until all lines may be asked for again. */
  #silentAskS = 0
  /** Seconds without a silence of all lines. */
  #soundS = SOUND_S
  #isHalted = false
  /** Seconds since a line that ticks rarely was looked up. */
  #rareS = 0

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#checkedMs = performance.now()
  }

  /** For how long no line has had data although that is unusual; undefined while all is well. */
  get silentMs(): number | undefined {
    const { silentS, habit } = this.#all
    return silentS > habit.patienceS ? silentS * SECOND_MS : undefined
  }

  /** Every symbol that has lines is halted: that nothing comes is no fault. */
  get isHalted(): boolean {
    return this.#isHalted
  }

  /** The clock was set: that the times of the last data changed with it is no data. */
  shifted(byUs: number): void {
    for (const watched of [...this.#lines.values(), ...this.#groups.values()]) if (watched.dataUs > 0) watched.dataUs += byUs
    for (const group of this.#groups.values()) if (group.deadSinceUs > 0) group.deadSinceUs += byUs
    for (const watched of this.#lines.values()) {
      watched.provenHoldUs += byUs
      watched.emptyHoldUs += byUs
      watched.unprovenHoldUs += byUs
    }
    this.#options.probe.shifted(byUs)
  }

  /** To be called ahead of all that ends lines: those that seem dead are missing since their own last data. */
  linkLost(): void {
    for (const { line, provenUs } of this.#options.probe.abandon()) this.#options.lines.unproven(line, 'silent', provenUs)
  }

  /** To be called every second. */
  check(): void {
    const { recorder, isLinked, outages } = this.#options
    const nowMs = performance.now()
    const isLate = nowMs - this.#checkedMs >= LATE_MS
    this.#checkedMs = nowMs
    if (!recorder.recording) return
    outages.check()
    if (isLate) return this.#forget()
    if (!isLinked()) return this.#forget()
    const lines = this.#options.lines.all
    const halted = this.#options.halts.symbolsOf(lines)
    const expected = expectationAt(this.#options.calendar, recorder.nowUs)
    this.#watchStart(expected)
    this.#watchAll(lines, expected, halted)
    this.#watchGroups(lines, expected, halted)
  }

  /** Silence so far says nothing any more. */
  #forget(): void {
    for (const watched of [this.#all, ...this.#groups.values()]) watched.silentS = 0
    for (const watched of this.#lines.values()) Object.assign(watched, { silentS: 0, unprovenS: 0, askAgainS: ASK_AGAIN_S })
    this.#stall.reset()
  }

  /** Fires once, or not at all. */
  #watchStart(expected: Expected): void {
    const { outages, lastData, linesAreKnown } = this.#options
    this.#isStarted ||= linesAreKnown() && lastData.latestUs > 0
    // The recording may begin long before the session, or before there is a link.
    if (this.#isStarted || outages.isAway || !expected(lastData.latestNewsUs || undefined)) return
    if (++this.#unstartedS < NO_START_S) return
    this.#isStarted = true
    outages.lost('no-data')
    outages.returned()
  }

  #watchAll(lines: readonly Line[], expected: Expected, halted: ReadonlySet<string>): void {
    const { counts, outages, lastData, lines: registry, events, recorder } = this.#options
    this.#isHalted = lines.length > 0 && lines.every(({ contract }) => halted.has(contract.symbol))
    // Lines that are refused have gaps of their own, whose cause is the refusal.
    const areRefused = lines.length > 0 && lines.every(({ state }) => HOPELESS.includes(state))
    const isExpected = !this.#isHalted && !areRefused && expected(lastData.latestNewsUs || undefined)
    const isStalled = this.#stall.second(counts.received) && isExpected
    // Silence of an outage that is known says nothing of what comes behind it.
    this.#see(this.#all, counts.received, isExpected && !outages.isAway)
    const isSilent = this.silentMs !== undefined
    const isNew = this.#soundS >= SOUND_S
    this.#soundS = isSilent ? 0 : this.#soundS + 1
    if (this.#silentAskS > 0) this.#silentAskS--
    if (outages.isAway) return
    if (isStalled) outages.stalled()
    if (!isSilent) return
    const sinceUs = outages.silent()
    if (isNew) events.linesSilent({ lines: lines.length, sinceUs, all: true })
    if (this.#silentAskS > 0) return
    this.#silentAskS = ASK_AGAIN_S
    for (const line of lines) registry.dead(line, { cause: 'silent', provenUs: Math.min(sinceUs, recorder.nowUs), askAfterMs: 0 })
  }

  #watchGroups(lines: readonly Line[], expected: Expected, halted: ReadonlySet<string>): void {
    const { lastData, outages, probe } = this.#options
    const groups = new Map<string, Line[]>()
    for (const line of lines) {
      const isExpected = !outages.hit(line) && !halted.has(line.contract.symbol) && this.#expects(line, expected)
      if (!isExpected) {
        const known = this.#lines.get(line.key)
        if (known) this.#see(known, lastData.of(line), false)
        continue
      }
      const group = groups.get(groupOf(line))
      if (group) group.push(line)
      else groups.set(groupOf(line), [line])
    }
    for (const [name, group] of this.#groups) if (!groups.has(name)) group.silentS = 0
    for (const [name, members] of groups) probe.examine(this.#suspectsOf(name, members))
    this.#lookUpRare([...groups.values()].flat())
    // IB lists other days every day.
    if (this.#hours.size > MOST_HOURS) this.#hours.clear()
    this.#cure(probe.dead())
    this.#dropUnwanted(lines)
  }

  #cure(dead: readonly Suspect[]): void {
    const { lines: registry, outages, events } = this.#options
    if (dead.length === 0) return
    for (const { line, provenUs, group: name } of dead) {
      const group = name === undefined ? undefined : this.#groups.get(name)
      if (group) group.deadSinceUs = Math.max(provenUs, 1)
      // What an outage has hit meanwhile is asked for again behind it.
      if (outages.hit(line)) registry.unproven(line, 'silent', provenUs)
      else registry.dead(line, { cause: 'silent', provenUs, askAfterMs: 0 })
    }
    events.linesSilent({ lines: dead.length, sinceUs: Math.min(...dead.map(({ provenUs }) => provenUs)), all: false })
  }

  /** The one that was silent for longest. */
  #lookUpRare(lines: readonly Line[]): void {
    if (++this.#rareS < RARE_EVERY_S) return
    let rarest: { line: Line; watched: WatchedLine } | undefined
    for (const line of lines) {
      const watched = this.#lines.get(line.key)
      if (!watched || !line.held || watched.habit.patienceS !== Number.POSITIVE_INFINITY || watched.silentS < RARE_S) continue
      if (!rarest || watched.silentS > rarest.watched.silentS) rarest = { line, watched }
    }
    if (!rarest) return
    const { line, watched } = rarest
    this.#rareS = 0
    watched.silentS = 0
    this.#options.probe.examine([{ line, provenUs: this.#options.lastData.of(line) }], true)
  }

  /** By the hours that the broker lists for the contract, where it lists this day; else by those of the exchange. */
  #expects(line: Line, expected: Expected): boolean {
    const { hours } = line.contract
    const dataUs = this.#options.lastData.newsOf(line)
    const listed = hours && this.#hoursOf(hours).at(this.#options.recorder.nowUs)
    if (listed?.isOpen) return true
    return (listed === undefined || dataUs > listed.closedSinceUs + TRAILING_US) && expected(dataUs || undefined)
  }

  #hoursOf(listed: ListedHours): LiquidHours {
    const key = `${listed.timeZone} ${listed.liquid}`
    const hours = this.#hours.get(key) ?? new LiquidHours(listed)
    this.#hours.set(key, hours)
    return hours
  }

  /** Lines of one kind that seem dead; the others' data is looked at. */
  #suspectsOf(name: string, members: readonly Line[]): Suspect[] {
    const { lastData } = this.#options
    const group = this.#groups.get(name) ?? { ...newWatched(), deadSinceUs: 0 }
    this.#groups.set(name, group)
    const groupUs = lastData.latestOf(members)
    this.#see(group, groupUs, members.some(isServed))
    if (group.deadSinceUs > 0) this.#awaitNews(group, members)
    const isGroupDead = group.deadSinceUs === 0 && group.silentS > group.habit.patienceS && this.#all.silentS <= ALIVE_S
    if (isGroupDead) this.#alarm(group)
    const suspects: Suspect[] = []
    for (const line of members) {
      const watched = this.#lines.get(line.key) ?? newWatchedLine()
      this.#lines.set(line.key, watched)
      this.#see(watched, lastData.of(line), isServed(line))
      if (!this.#isProven(line, watched, group, groupUs)) continue
      const isDead = watched.silentS > watched.habit.patienceS && group.silentS <= ALIVE_S
      if (!isDead && !isGroupDead) continue
      this.#alarm(watched)
      suspects.push(isGroupDead ? { line, provenUs: groupUs, group: name } : { line, provenUs: lastData.of(line) })
    }
    return suspects
  }

  /** First values may be what the gateway kept. With the news of one line all that have had some are back. */
  #awaitNews(group: WatchedGroup, members: readonly Line[]): void {
    const { lastData, lines: registry } = this.#options
    const isBack = lastData.latestNewsOf(members) > group.deadSinceUs
    for (const line of members) {
      const hasData = line.state === 'open' && lastData.of(line) > group.deadSinceUs
      if (isBack && hasData) registry.proven(line)
      else if (!isBack && line.held) registry.unproven(line, 'silent', line.heldSinceUs)
    }
    if (isBack) group.deadSinceUs = 0
  }

  /** Whether the line has had data since it is open; one that has none is asked for again. */
  #isProven(line: Line, watched: WatchedLine, { deadSinceUs }: WatchedGroup, groupUs: number): boolean {
    const { lines: registry, lastData, calendar, recorder } = this.#options
    const { held, heldSinceUs, state } = line
    const cause = deadSinceUs > 0 ? 'silent' : 'no-data'
    if (line.feed && state === 'asked') return this.#awaitFirstTick(line, watched)
    if (state !== 'open' || (held && watched.provenHoldUs === heldSinceUs)) return held
    if (held && (line.hasData || lastData.of(line) >= heldSinceUs)) {
      // It was open in name only.
      if (watched.emptyHoldUs === heldSinceUs) registry.lateData(line, 'no-data', neverSinceUs(calendar, heldSinceUs, recorder.nowUs))
      Object.assign(watched, { provenHoldUs: line.heldSinceUs, unprovenS: 0, askAgainS: ASK_AGAIN_S })
      return true
    }
    // What was counted on the link before, or before a refusal, says nothing of this one.
    if (held && watched.unprovenHoldUs !== heldSinceUs)
      Object.assign(watched, { unprovenHoldUs: heldSinceUs, unprovenS: 0, askAgainS: ASK_AGAIN_S })
    watched.unprovenS++
    const provenUs = neverSinceUs(calendar, heldSinceUs, recorder.nowUs)
    // What is asked for before the open has nothing to say until it trades, while others of its kind do.
    const deadS = provenUs > heldSinceUs ? FIRST_TRADE_S : NO_DATA_S
    // At the first look a line may have been open for a moment only.
    const emptyS = provenUs > heldSinceUs && groupUs >= provenUs ? FIRST_TRADE_S : 2
    if (held && watched.unprovenS >= emptyS) watched.emptyHoldUs = heldSinceUs
    if (held && watched.unprovenS >= deadS) {
      registry.dead(line, { cause, provenUs, askAfterMs: watched.askAgainS * SECOND_MS })
    } else if (!held && watched.unprovenS >= watched.askAgainS) {
      this.#askAgain(line, watched, cause)
    }
    return false
  }

  #awaitFirstTick(line: Line, watched: WatchedLine): boolean {
    if (++watched.unprovenS >= watched.askAgainS) this.#askAgain(line, watched, 'no-data')
    return false
  }

  #askAgain(line: Line, watched: WatchedLine, cause: string): void {
    this.#options.lines.dead(line, { cause, provenUs: line.heldSinceUs, askAfterMs: 0 })
    watched.unprovenS = 0
    watched.askAgainS = Math.min(watched.askAgainS * 2, ASK_AGAIN_AT_MOST_S)
  }

  #see(watched: Watched, dataUs: number, isExpected: boolean): void {
    const hadData = dataUs !== watched.dataUs
    watched.dataUs = dataUs
    // Silence that is a fault already says nothing of what is usual.
    const isFault = !hadData && watched.silentS > watched.habit.patienceS
    if (isExpected && !isFault) watched.habit.second(hadData)
    watched.silentS = hadData || !isExpected ? 0 : watched.silentS + 1
  }

  #alarm(watched: Watched): void {
    watched.habit.alarmed()
    watched.silentS = 0
  }

  #dropUnwanted(lines: readonly Line[]): void {
    if (this.#lines.size <= lines.length) return
    const wanted = new Set(lines.map(({ key }) => key))
    for (const key of this.#lines.keys()) if (!wanted.has(key)) this.#lines.delete(key)
  }
}

type Expected = (lastTickUs: number | undefined) => boolean

/** Lines whose data comes the same way. */
function groupOf({ contract: { kind, currency }, feed }: Line): string {
  return `${feed ?? kind} ${currency}`
}

/** As far as is known. What is silent because it was refused, is dead, or has no answer yet, teaches no habit. */
function isServed({ state, held }: Line): boolean {
  return held && (state === 'open' || state === 'silent')
}

function newWatched(): Watched {
  return { habit: new Habit(), dataUs: 0, silentS: 0 }
}

function newWatchedLine(): WatchedLine {
  return {
    ...newWatched(),
    provenHoldUs: Number.NaN,
    emptyHoldUs: Number.NaN,
    unprovenHoldUs: Number.NaN,
    unprovenS: 0,
    askAgainS: ASK_AGAIN_S,
  }
}
