/**
 * Posts opportunities that open to one address, for whoever runs no Alertmanager: at most so many an hour, none in the quiet hours. What was
 * held back, or not taken, is counted, and the next message says how many. Hours are those of people: of the machine's clock, in the zone of the settings.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import type { Episode } from '../../market/arbitrage/episode.ts'
import { describeContract } from '../../market/contract.ts'
import { createZone, type Zone } from '../../market/time.ts'
import type { Events } from '../telemetry/events/index.ts'
import { type EpisodeView, episodeView } from './page.ts'

export interface WebhookSettings {
  url: string
  /** Most messages in any hour. */
  perHour: number
  /** From and to as `HH:MM`; from a later to an earlier one: over midnight. Absent: none. */
  quietHours?: { from: string; to: string } | undefined
  /** Of the quiet hours. IANA name. */
  timeZone: string
}

export interface WebhookOptions {
  settings: WebhookSettings
  events: Pick<Events, 'webhookFailed' | 'webhookWorks'>
  /** Of the machine's clock, milliseconds since 1970. */
  nowMs: () => number
  /** Between two attempts. */
  retryMs?: number
}

/** What is posted, as JSON. */
export interface WebhookMessage {
  /** One line: what chat systems show of it. */
  text: string
  /** Opportunities since the last message that were held back or not taken. */
  heldBack: number
  opportunity: EpisodeView
}

const HOUR_MS = 3_600_000
const ANSWER_LIMIT_MS = 5000
const ATTEMPTS = 3
const RETRY_MS = 2000
/** Messages that wait for an address that does not answer: some minutes of it. */
const MOST_WAITING = 10

export class Webhook {
  readonly #options: WebhookOptions
  readonly #zone: Zone
  #sentMs: number[] = []
  #heldBack = 0
  #waiting = 0
  #sending = Promise.resolve()
  readonly #stop = new AbortController()

  /** @throws TapedeckError `unknown-time-zone` */
  constructor(options: WebhookOptions) {
    this.#options = options
    this.#zone = createZone(options.settings.timeZone)
  }

  /** Since the last message. */
  get heldBack(): number {
    return this.#heldBack
  }

  opened(episode: Episode): void {
    const { nowMs, settings } = this.#options
    const ms = nowMs()
    this.#sentMs = this.#sentMs.filter((sentMs) => ms - sentMs < HOUR_MS)
    if (this.#sentMs.length >= settings.perHour || this.#waiting >= MOST_WAITING || this.#isQuiet(ms)) {
      this.#heldBack++
      return
    }
    this.#sentMs.push(ms)
    const heldBack = this.#heldBack
    const message: WebhookMessage = { text: textOf(episode, heldBack), heldBack, opportunity: episodeView(episode) }
    this.#heldBack = 0
    this.#waiting++
    this.#sending = this.#sending.then(() => this.#post(message))
  }

  /** Resolves when everything is sent or given up. */
  async sent(): Promise<void> {
    await this.#sending
  }

  stop(): void {
    this.#stop.abort()
  }

  #isQuiet(ms: number): boolean {
    const { quietHours } = this.#options.settings
    if (!quietHours) return false
    const minute = Math.floor(this.#zone.msOfDay(ms * 1000) / 60_000)
    const [from, to] = [minuteOf(quietHours.from), minuteOf(quietHours.to)]
    return from <= to ? minute >= from && minute < to : minute >= from || minute < to
  }

  async #post(message: WebhookMessage): Promise<void> {
    if (!(await this.#send(message))) this.#heldBack += message.heldBack + 1
    this.#waiting--
  }

  /** Returns whether it was taken. Never rejects. */
  async #send(message: WebhookMessage): Promise<boolean> {
    const { settings, events, retryMs = RETRY_MS } = this.#options
    const { signal } = this.#stop
    for (let attempt = 1; !signal.aborted; attempt++)
      try {
        const response = await fetch(settings.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(message),
          redirect: 'error',
          signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
        })
        await response.arrayBuffer()
        if (!response.ok) throw new StatusError(`expected a status of 200 to 299, found ${response.status}`)
        events.webhookWorks()
        return true
      } catch (error) {
        if (signal.aborted) break
        if (attempt === ATTEMPTS) {
          events.webhookFailed({ reason: reasonOf(error) })
          break
        }
        await sleep(retryMs, undefined, { signal }).catch(() => undefined)
      }
    return false
  }
}

class StatusError extends Error {}

/** A code, or the kind of the error: the message of `fetch` itself may quote the whole address. */
function reasonOf(error: unknown): string {
  if (error instanceof StatusError) return error.message
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!(cause instanceof Error)) return 'not known'
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return cause === error ? cause.name : cause.message
}

function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number)
  return hours * 60 + minutes
}

function textOf(episode: Episode, heldBack: number): string {
  const { underlying, expiry, detector, certainty, profit, size, edgePerShare, legs } = episode.last
  const trades = legs.map(({ side, ratio, contract, price }) => `${side} ${ratio} ${describeContract(contract)} at ${price}`).join(', ')
  const others = heldBack > 0 ? ` (${heldBack} more were held back)` : ''
  const money = `${profit.toFixed(2)} ${underlying.currency} for ${size}, ${edgePerShare.toFixed(4)} a share after fees`
  return `${underlying.symbol} ${expiry}: ${detector}, ${certainty}, ${money}: ${trades}${others}`
}
