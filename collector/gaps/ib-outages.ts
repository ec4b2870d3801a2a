/**
 * What IB's notices say of its link and its farms, handed on as outages (outages.ts), and what is to be done about the lines then.
 *
 *   1100, 2110     IB is away; the link to the gateway may well be up
 *   1101           it is back and has forgotten every line
 *   1102           it is back and kept them, as it says; of the farms that its text does not list as connected the lines are dead
 *   2103, 2105     a farm is broken: of market data, of history and tick-by-tick data
 *   2104, 2106     it works; a 2110 is over with that too
 *   2108           it is dormant: not broken, and nothing comes of it before something is asked for
 */

import {
  CONNECTIVITY_LOST,
  FARM_BROKEN,
  FARM_DORMANT,
  FARM_WORKS,
  HISTORY_FARM_BROKEN,
  HISTORY_FARM_WORKS,
  RESTORED_DATA_KEPT,
  RESTORED_DATA_LOST,
  TWS_SERVER_LINK_BROKEN,
} from '../ib/codes.ts'
import type { Line } from '../lines/line.ts'
import type { Recorder } from '../record/recorder.ts'
import { farmOf, farmsIn, servesLine, usualFarm } from './farms.ts'
import type { Outages } from './outages.ts'

/** What a notice asks for. */
export type LineEffect =
  /** IB has forgotten all lines: they are to be opened again. They had data until then. */
  | { kind: 'lines-lost'; sinceUs: number }
  /** IB, or a farm, is back and says that it kept the lines: those of them that stay silent are to be asked for again. */
  | { kind: 'lines-kept'; sinceUs: number; includes: (line: Line) => boolean }

export class IbOutages {
  readonly #recorder: Recorder
  readonly #outages: Outages
  readonly #lines: () => readonly Line[]
  /** Those that this link has named. */
  readonly #farms = new Set<string>()

  constructor(recorder: Recorder, outages: Outages, lines: () => readonly Line[]) {
    this.#recorder = recorder
    this.#outages = outages
    this.#lines = lines
  }

  /** The gateway has lost IB. */
  get isAway(): boolean {
    return this.#outages.ibIsAway
  }

  /** To be called for every notice; most are of something else. */
  take(code: number, text: string): LineEffect | undefined {
    const outages = this.#outages
    // Nothing is asked for yet that could be missing, and the time is not known.
    if (!this.#recorder.recording) return undefined
    switch (code) {
      case CONNECTIVITY_LOST:
      case TWS_SERVER_LINK_BROKEN:
        outages.lost(`ib-${code}`, { ibCode: code })
        return undefined
      case FARM_BROKEN:
      case HISTORY_FARM_BROKEN:
        this.#farms.add(farmOf(text))
        outages.farmBroke(farmOf(text))
        return undefined
      case FARM_WORKS:
      case HISTORY_FARM_WORKS:
        this.#farms.add(farmOf(text))
        return this.#farmWorks(farmOf(text))
      case FARM_DORMANT:
        return ofFarm(farmOf(text), outages.farmDormant(farmOf(text)))
      case RESTORED_DATA_KEPT:
        return this.#kept(text)
      case RESTORED_DATA_LOST:
        return { kind: 'lines-lost', sinceUs: outages.lost(`ib-${code}`) }
      default:
        return undefined
    }
  }

  /** The next link says anew what is away. */
  linkLost(): void {
    this.#farms.clear()
  }

  /**
   * Every farm that works is a reason to doubt its lines, also one that was not known to be broken: data of some lines has ended its
   * outage, or it broke before there were lines. 2110 is said on a link to a gateway that has no IB yet, and 1102 does not always
   * follow; 1100 is over with nothing less.
   */
  #farmWorks(farm: string): LineEffect | undefined {
    const outages = this.#outages
    const effect = ofFarm(farm, outages.farmReturned(farm))
    if (effect) return effect
    if (outages.ibIsAway && outages.ibCode !== TWS_SERVER_LINK_BROKEN) return undefined
    const sinceUs = outages.ibIsAway ? outages.returned() : undefined
    if (sinceUs !== undefined) return ofFarm(farm, sinceUs)
    return this.#lines().some((line) => servesLine(farm, line)) ? ofFarm(farm, this.#recorder.nowUs) : undefined
  }

  #kept(text: string): LineEffect | undefined {
    const outages = this.#outages
    for (const farm of this.#missingIn(text)) outages.farmBroke(farm)
    // One that broke meanwhile, and that no notice of its own will say to work.
    for (const farm of farmsIn(text)?.connected ?? []) outages.farmReturned(farm)
    const sinceUs = outages.returned() ?? this.#recorder.nowUs
    return { kind: 'lines-kept', sinceUs, includes: (line) => !outages.farmIsAway(line) }
  }

  /** Farms of our lines that IB does not list as connected, where it lists any. */
  #missingIn(text: string): string[] {
    const listed = farmsIn(text)
    if (!listed) return []
    const known = [...new Set([...listed.broken, ...this.#farms])]
    const missing = known.filter((farm) => !listed.connected.includes(farm))
    // A farm that no notice has named yet, of lines that no listed one serves.
    for (const line of this.#lines()) {
      const usual = usualFarm(line)
      const isListed = [...listed.connected, ...missing].some((farm) => servesLine(farm, line))
      if (usual !== undefined && !isListed) missing.push(usual)
    }
    return missing
  }
}

function ofFarm(farm: string, sinceUs: number | undefined): LineEffect | undefined {
  return sinceUs === undefined ? undefined : { kind: 'lines-kept', sinceUs, includes: (line) => servesLine(farm, line) }
}
