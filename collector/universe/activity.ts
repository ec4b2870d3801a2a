/**
 * What was recorded last of options: open interest, and the volume of the last whole day. The volume of a day that is not over says
 * nothing against an option, but more of it than on the day before speaks for it. What is older than a week says nothing: an option that was
 * left out has no line that would bring anything newer, and so has its turn again.
 */

import { nyse } from '../../market/calendar/calendar.ts'
import { contractKey, type OptionContract } from '../../market/contract.ts'
import type { InstrumentState } from '../../market/state/instrument-state.ts'
import type { MarketState } from '../../market/state/market-state.ts'
import { addDays } from '../../market/time.ts'
import type { Activity } from './filters.ts'

export interface KnownActivity {
  openInterest?: number | undefined
  /** The day on which that was recorded, `YYYY-MM-DD`. */
  openInterestDay?: string | undefined
  volume?: number | undefined
  /** The day of that volume, `YYYY-MM-DD`. */
  volumeDay?: string | undefined
  /** The volume of the recorded day before that. */
  before?: number | undefined
}

/** A week, with a holiday on either side. */
const KEPT_DAYS = 9

export class RecordedActivity {
  readonly #known = new Map<string, KnownActivity>()

  /** By key of the contract. */
  get all(): ReadonlyMap<string, KnownActivity> {
    return this.#known
  }

  /** Takes over what the recording has of every option. */
  note(state: Pick<MarketState, 'instruments'>): void {
    for (const instrument of state.instruments())
      if (instrument.contract?.kind === 'option') this.take(contractKey(instrument.contract), figuresOf(instrument, instrument.contract))
  }

  /** Takes over what is known of an option; nothing that is older than what was known before. */
  take(key: string, { openInterest, openInterestDay = '', volume, volumeDay, before }: KnownActivity): void {
    if (openInterest === undefined && volume === undefined) return
    const known = this.#known.get(key)
    const next: KnownActivity = { ...known }
    if (openInterest !== undefined && openInterestDay >= (known?.openInterestDay ?? ''))
      Object.assign(next, { openInterest, openInterestDay })
    if (volume !== undefined && volumeDay !== undefined && volumeDay >= (known?.volumeDay ?? '')) {
      next.before = known?.volumeDay !== undefined && known.volumeDay < volumeDay ? recent(known, volumeDay) : (before ?? known?.before)
      Object.assign(next, { volume, volumeDay })
    }
    this.#known.set(key, next)
  }

  /** Undefined when nothing is known that is not too old. */
  of(option: OptionContract, today: string): Activity | undefined {
    const known = this.#known.get(contractKey(option))
    if (!known) return undefined
    const { openInterestDay = '', volume = 0, volumeDay = '', before } = known
    const openInterest = isRecent(openInterestDay, today) ? known.openInterest : undefined
    if (volumeDay < today) return { openInterest, volume: isRecent(volumeDay, today) ? volume : undefined }
    return { openInterest, volume: before === undefined ? undefined : Math.max(before, volume) }
  }
}

const isRecent = (day: string, today: string) => day !== '' && day >= addDays(today, -KEPT_DAYS)

const recent = ({ volume, volumeDay = '' }: KnownActivity, today: string) => (isRecent(volumeDay, today) ? volume : undefined)

function figuresOf({ statistics }: Pick<InstrumentState, 'statistics'>, { right }: OptionContract): KnownActivity {
  const openInterest = statistics.get(right === 'C' ? 'call-open-interest' : 'put-open-interest') ?? statistics.get('open-interest')
  const volume = statistics.get('day-volume')
  return {
    openInterest: openInterest?.value,
    openInterestDay: openInterest && nyse.zone.dateOf(openInterest.tsUs),
    volume: volume?.value,
    volumeDay: volume && nyse.zone.dateOf(volume.tsUs),
  }
}
