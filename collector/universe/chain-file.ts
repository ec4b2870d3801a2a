/**
 * `chains.json` in the data directory: the chains that were found for a trading day, so that a collector that is started again on that day
 * asks for its lines at once, in place of minutes of searches. It is worth nothing on another day or at another gateway, and one that
 * cannot be read is as good as none.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from 'zod'

import type { IndexContract, ListedHours, OptionContract, StockContract } from '../../market/contract.ts'
import { replaceFile } from '../../system/durable-files.ts'
import type { FoundChain } from '../ib/lookup/chain-search.ts'

export interface KeptChain extends FoundChain {
  root: StockContract | IndexContract
}

export interface ChainFileOptions {
  dataDir: string
  /** `host:port`: another gateway may know other contracts. */
  gateway: string
  onError: (error: unknown, path: string) => void
}

const FILE = 'chains.json'
const base = { symbol: z.string().min(1), currency: z.string(), conId: z.number().optional() }
const step = z.object({ from: z.number(), increment: z.number() })
const kept = { priceGrid: z.array(step).optional(), hours: z.int().nonnegative().optional() }
const rootSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stock'), ...base, ...kept, primaryVenue: z.string().optional() }),
  z.object({ kind: z.literal('index'), ...base, ...kept, venue: z.string() }),
])
const optionSchema = z.object({
  kind: z.literal('option'),
  ...base,
  ...kept,
  expiry: z.iso.date(),
  lastTradeDate: z.iso.date().optional(),
  strike: z.number(),
  right: z.enum(['C', 'P']),
  multiplier: z.number(),
  tradingClass: z.string(),
})
const unaskedSchema = z.object({ expiry: z.iso.date(), tradingClass: z.string(), multiplier: z.number(), reason: z.string() })
const fileSchema = z.object({
  /** The trading day for which they were searched. */
  day: z.string(),
  gateway: z.string(),
  /** Contracts name theirs by its place: a chain has few different ones. */
  hours: z.array(z.object({ readOn: z.string(), timeZone: z.string(), trading: z.string(), liquid: z.string() })),
  /** By the settings of the underlying. */
  chains: z.record(z.string(), z.object({ root: rootSchema, options: z.array(optionSchema), unasked: z.array(unaskedSchema) })),
})

type Stored = z.output<typeof fileSchema>

export class ChainFile {
  readonly #options: ChainFileOptions
  readonly #path: string
  #writing: Promise<void> = Promise.resolve()

  constructor(options: ChainFileOptions) {
    this.#options = options
    this.#path = join(options.dataDir, FILE)
  }

  /** The chains of this day, by the settings of the underlying. Never rejects. */
  async read(day: string): Promise<Map<string, KeptChain>> {
    try {
      const stored = fileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8')))
      if (stored.day !== day || stored.gateway !== this.#options.gateway) return new Map()
      return new Map(Object.entries(stored.chains).map(([settings, chain]) => [settings, unpack(chain, stored.hours)]))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#options.onError(error, this.#path)
      return new Map()
    }
  }

  /** Replaces what was kept. Never rejects. */
  write(day: string, chains: ReadonlyMap<string, KeptChain>): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await replaceFile(this.#path, `${JSON.stringify(pack(day, this.#options.gateway, chains))}\n`)
      } catch (error) {
        this.#options.onError(error, this.#path)
      }
    })
    return this.#writing
  }
}

function pack(day: string, gateway: string, chains: ReadonlyMap<string, KeptChain>): object {
  const places = new Map<string, number>()
  const hours: ListedHours[] = []
  const placeOf = (listed: ListedHours) => {
    const text = JSON.stringify(listed)
    const place = places.get(text) ?? hours.push(listed) - 1
    places.set(text, place)
    return place
  }
  const packed = <T extends { hours?: ListedHours }>({ hours: listed, ...contract }: T) => {
    return listed ? { ...contract, hours: placeOf(listed) } : contract
  }
  const all = [...chains].map(([settings, { root, options, unasked }]) => {
    return [settings, { root: packed(root), options: options.map(packed), unasked }]
  })
  return { day, gateway, chains: Object.fromEntries(all), hours }
}

/** What the schema has let through is what was written: its absent fields are absent. */
function unpack({ root, options, unasked }: Stored['chains'][string], hours: Stored['hours']): KeptChain {
  const unpacked = <T extends { hours?: number | undefined }>({ hours: place, ...contract }: T) => {
    return place === undefined ? contract : { ...contract, hours: hours[place] }
  }
  return { root: unpacked(root) as KeptChain['root'], options: options.map(unpacked) as OptionContract[], unasked }
}
