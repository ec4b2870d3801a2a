/**
 * Tells dead lines from quiet ones. Lines of one kind that seem dead at once are one case. What proves a line dead is news of its contract
 * since its last data: from another line of it (witness.ts), at once and for nothing, or from IB's history, of which one newest tick is
 * asked for. The gateway answers a snapshot from its cache, which proves nothing.
 *
 * States of a case: asked -> dead (news since the last data of a line), quiet (history has what the line had, and nothing since), or
 * unknown (history refused, was silent for 10 s, or does not even have what the line had; or there is no link, or no request left).
 * Dead and unknown lines are taken for dead: too much is reported rather than too little. Only a line whose silence may be usual is taken
 * for quiet when nothing can be known. Data of a line ends its case.
 *
 * Of a case at most three lines are asked about, and of all cases so many that other programs of the login keep half of what IB allows.
 */

import type { Line } from '../lines/line.ts'
import type { LastData } from './last-data.ts'
import type { Witness } from './witness.ts'

/** A line that had no data for longer than usual. */
export interface Suspect {
  line: Line
  /** It is closed as of then, when it is dead. */
  provenUs: number
  /** All lines of that kind fell silent at once. */
  group?: string | undefined
}

export interface ProbeOptions {
  lastData: LastData
  witness: Witness
  /** When IB's history has the newest tick of a line's contract, in microseconds. Undefined without a link; rejects when IB does not say. */
  newestTickUs: (line: Line) => Promise<number | undefined> | undefined
}

interface Examined extends Suspect {
  dataUs: number
  /** It is another opening of the line when this is another. */
  heldSinceUs: number
}

interface Case {
  lines: Examined[]
  verdict: 'asked' | 'dead' | 'quiet' | 'unknown'
  /** Taken for quiet where nothing can be known. */
  isMild: boolean
  /** Answers that are to come. */
  open: number
  /** One of those that have come says so. */
  isQuiet: boolean
  seconds: number
}

const ASKED_OF_A_CASE = 3
const WAIT_S = 10
/** IB takes 60 requests for history in ten minutes, and counts one for quotes twice. */
const REQUESTS = 15
const WINDOW_MS = 600_000
/** Two lines of a contract tell of one event at times that lie so far apart at most ... */
const LINES_APART_US = 5_000_000
/** ... and a line and IB's history, which has whole seconds by another clock. */
const CLOCKS_APART_US = 2_000_000
/** History that lacks a tick of the line that is so much older than its newest one is not that of the market in real time. */
const LAG_US = 60_000_000

export class Probe {
  readonly #options: ProbeOptions
  #cases: Case[] = []
  /** `performance.now()` of the requests of the last ten minutes. */
  #askedMs: number[] = []

  constructor(options: ProbeOptions) {
    this.#options = options
  }

  /** Opens a case of lines that seem to have died at once; `isMild`: that may as well be quiet. */
  examine(suspects: readonly Suspect[], isMild = false): void {
    if (suspects.length === 0) return
    const { lastData, witness } = this.#options
    const lines = suspects.map((suspect) => ({ ...suspect, dataUs: lastData.of(suspect.line), heldSinceUs: suspect.line.heldSinceUs }))
    const one: Case = { lines, verdict: 'asked', isMild, open: 0, isQuiet: false, seconds: 0 }
    this.#cases.push(one)
    if (lines.some(({ line, dataUs }) => witness.newsUs(line) > dataUs + LINES_APART_US)) one.verdict = 'dead'
    else this.#ask(one)
  }

  /** To be called once a second: the lines that are dead, or may be, of the cases that are decided since the last call. */
  dead(): Suspect[] {
    for (const one of this.#cases) if (one.verdict === 'asked' && one.seconds++ >= WAIT_S) decide(one)
    const decided = this.#cases.filter(({ verdict }) => verdict !== 'asked')
    this.#cases = this.#cases.filter(({ verdict }) => verdict === 'asked')
    const dead = decided.filter(({ verdict, isMild }) => verdict === 'dead' || (verdict === 'unknown' && !isMild))
    return dead.flatMap(({ lines }) => lines.filter((line) => this.#isStill(line)))
  }

  /** The link is lost: what was asked over it says nothing any more. Returns the lines of which it is not known whether they had died before. */
  abandon(): Suspect[] {
    const open = this.#cases.filter(({ verdict, isMild }) => !isMild && verdict !== 'quiet')
    this.#cases = []
    return open.flatMap(({ lines }) => lines.filter((line) => this.#isStill(line)))
  }

  /** The clock was set: that the times of the last data changed with it is no data. */
  shifted(byUs: number): void {
    for (const examined of this.#cases.flatMap(({ lines }) => lines)) {
      examined.dataUs += byUs
      examined.provenUs += byUs
      examined.heldSinceUs += byUs
    }
  }

  #ask(one: Case): void {
    const { newestTickUs } = this.#options
    const nowMs = performance.now()
    this.#askedMs = this.#askedMs.filter((ms) => nowMs - ms < WINDOW_MS)
    // The liveliest first: of these news is likeliest.
    for (const examined of one.lines.toSorted((a, b) => b.dataUs - a.dataUs).slice(0, ASKED_OF_A_CASE)) {
      const answer = this.#askedMs.length < REQUESTS ? newestTickUs(examined.line) : undefined
      if (!answer) break
      this.#askedMs.push(nowMs)
      one.open++
      answer.then(
        (newestUs) => this.#answered(one, examined, newestUs),
        () => this.#answered(one, examined, undefined),
      )
    }
    if (one.open === 0) one.verdict = 'unknown'
  }

  #answered(one: Case, { line, dataUs }: Examined, newestUs = 0): void {
    one.open--
    if (one.verdict !== 'asked') return
    if (newestUs > dataUs + CLOCKS_APART_US) one.verdict = 'dead'
    else if (newestUs > 0 && newestUs >= this.#options.witness.ownUs(line) - LAG_US) one.isQuiet = true
    if (one.open === 0) decide(one)
  }

  #isStill({ line, dataUs, heldSinceUs }: Examined): boolean {
    return line.held && line.heldSinceUs === heldSinceUs && this.#options.lastData.of(line) === dataUs
  }
}

/** No answer, of those that have come, has proved a line dead. */
function decide(one: Case): void {
  if (one.verdict === 'asked') one.verdict = one.isQuiet ? 'quiet' : 'unknown'
}
