/**
 * Virtual time: timers, the system's clock and monotonic time of this process go by as fast as work is done, and always in the same order.
 * Months pass in a minute, and a run is the same as the one before.
 *
 * Time moves only between timers, and not before everything that the last one set off is over: promises, immediates, and bytes on their
 * way through the sockets of this process (`isBusy`). Sockets and files stay real; files are not waited for.
 */

import { createRequire, syncBuiltinESMExports } from 'node:module'

/** What `setTimeout` returns. */
interface VirtualTimer {
  atMs: number
  /** Timers of one moment fire in the order in which they were set. */
  order: number
  afterMs: number
  /** Of an interval. */
  isRepeated: boolean
  isActive: boolean
  fire: () => void
  ref(): VirtualTimer
  unref(): VirtualTimer
  hasRef(): boolean
  refresh(): VirtualTimer
  [Symbol.toPrimitive](): number
}

/** A sleeping loop that a mistake keeps busy is to end as a failed test. */
const MOST_TURNS = 100_000
/** Timers between two looks at what the files have to say. */
const TIMERS_A_TURN = 500
const MONOTONIC_MS = 1_000_000

const realImmediate = globalThis.setImmediate
const RealDate = Date
const require = createRequire(import.meta.url)
const timersPromises = require('node:timers/promises') as { setTimeout: typeof sleepOf }
const os = require('node:os') as { uptime: () => number }

export class VirtualTime {
  readonly #startMs: number
  readonly #isBusy: () => boolean
  readonly #heap: VirtualTimer[] = []
  #nowMs: number
  #order = 0
  #immediates = 0
  #fired = 0
  #restore: (() => void)[] = []

  /**
   * @param startMs the system's time at the begin, in milliseconds since 1970
   * @param isBusy something is on its way that is to arrive before time goes on
   */
  constructor(startMs: number, isBusy: () => boolean) {
    this.#startMs = startMs
    this.#nowMs = startMs
    this.#isBusy = isBusy
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** From now on the process has this time and no other. */
  install(): void {
    const monotonicMs = () => MONOTONIC_MS + this.#nowMs - this.#startMs
    this.#replace(performance, 'now', monotonicMs)
    this.#replace(
      globalThis,
      'Date',
      dateOf(() => this.#nowMs),
    )
    this.#replace(globalThis, 'setTimeout', (fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      this.#set(ms, false, () => fire(...args)),
    )
    this.#replace(globalThis, 'setInterval', (fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      this.#set(ms, true, () => fire(...args)),
    )
    const clear = (timer: VirtualTimer | undefined) => {
      if (timer) timer.isActive = false
    }
    this.#replace(globalThis, 'clearTimeout', clear)
    this.#replace(globalThis, 'clearInterval', clear)
    this.#replace(globalThis, 'setImmediate', (fire: (...args: unknown[]) => void, ...args: unknown[]) => {
      this.#immediates++
      return realImmediate(() => {
        this.#immediates--
        fire(...args)
      })
    })
    this.#replace(timersPromises, 'setTimeout', sleepOf)
    // The machine never sleeps.
    this.#replace(os, 'uptime', () => monotonicMs() / 1000)
    syncBuiltinESMExports()
  }

  /** The process has its own time again. What was still to fire never does. */
  uninstall(): void {
    for (const restore of this.#restore.splice(0).reverse()) restore()
    syncBuiltinESMExports()
  }

  /** Calls `fire` at a time of the system's clock; at once behind what is due, when that has passed. */
  at(ms: number, fire: () => void): void {
    this.#set(ms - this.#nowMs, false, fire)
  }

  /** Lets time go by until the system's clock shows `untilMs`. */
  async advanceTo(untilMs: number): Promise<void> {
    await this.settle()
    for (let next = this.#heap[0]; next && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop()
      if (!next.isActive) continue
      this.#nowMs = next.atMs
      if (next.isRepeated) this.#push(next, next.afterMs)
      else next.isActive = false
      next.fire()
      await this.settle()
    }
    this.#nowMs = untilMs
  }

  /** Waits until nothing is on its way any more. */
  async settle(): Promise<void> {
    await drained()
    if (++this.#fired % TIMERS_A_TURN === 0) await turn()
    for (let turns = 0; this.#immediates > 0 || this.#isBusy(); turns++) {
      if (turns > MOST_TURNS) throw new Error('something is on its way for ever')
      await turn()
    }
  }

  #set(ms: number, isRepeated: boolean, fire: () => void): VirtualTimer {
    const afterMs = Math.max(isRepeated ? 1 : 0, ms || 0)
    const timer: VirtualTimer = {
      atMs: 0,
      order: 0,
      afterMs,
      isRepeated,
      isActive: true,
      fire,
      ref: () => timer,
      unref: () => timer,
      hasRef: () => true,
      refresh: () => {
        // The old place in the queue must not fire; the object stays the same for whoever clears it.
        if (!timer.isActive) return timer
        this.#remove(timer)
        this.#push(timer, afterMs)
        return timer
      },
      [Symbol.toPrimitive]: () => timer.order,
    }
    this.#push(timer, afterMs)
    return timer
  }

  #replace<T extends object, K extends keyof T>(target: T, name: K, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, name)
    Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: before?.enumerable ?? true })
    this.#restore.push(() => {
      if (before) Object.defineProperty(target, name, before)
      else delete target[name]
    })
  }

  #push(timer: VirtualTimer, afterMs: number): void {
    timer.atMs = this.#nowMs + afterMs
    timer.order = ++this.#order
    const heap = this.#heap
    heap.push(timer)
    let i = heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(timer, heap[parent] as VirtualTimer)) break
      heap[i] = heap[parent] as VirtualTimer
      i = parent
    }
    heap[i] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    this.#sink(last, 0)
  }

  #sink(timer: VirtualTimer, from: number): void {
    const heap = this.#heap
    let i = from
    for (let child = 2 * i + 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as VirtualTimer, heap[child] as VirtualTimer)) child++
      if (isBefore(timer, heap[child] as VirtualTimer)) break
      heap[i] = heap[child] as VirtualTimer
      i = child
    }
    heap[i] = timer
  }

  /** Rare: rebuilds the queue without it. */
  #remove(timer: VirtualTimer): void {
    const others = this.#heap.filter((other) => other !== timer).sort((a, b) => (isBefore(a, b) ? -1 : 1))
    this.#heap.splice(0, this.#heap.length, ...others)
  }
}

function isBefore(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** A turn of the real event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => void realImmediate(resolve))
}

/** Resolves when no promise and no tick of the process is left to be run. */
function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

/** As `node:timers/promises` has it, on the timers that are installed. */
function sleepOf<T>(ms?: number, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve(value)
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function dateOf(nowMs: () => number): DateConstructor {
  return class extends RealDate {
    constructor(...args: unknown[]) {
      if (args.length === 0) super(nowMs())
      else super(...(args as [number]))
    }

    static override now(): number {
      return nowMs()
    }
  } as DateConstructor
}
