/**
 * Layout of one tape record: little-endian, always a multiple of 8 so that every number can be read through an aligned
 * Float64Array view. docs/tape-format.md describes the layout for readers in other languages.
 *
 *   byte 0      kind
 *   byte 1      flags: bit 0 a verdict follows, bit 1 it quarantines, bit 2 delayed data, bit 3 marks, bits 4..7 the variant (source, basis)
 *   bytes 2-3   length of the record in units of 8 bytes
 *   bytes 4-7   instrument (0xffffffff: none)
 *   bytes 8-    float64: seq, tsUs, then the kind's numbers; NaN stands for an absent one
 *   tail        strings, each a u32 byte length (0xffffffff: absent) and UTF-8; with a verdict its findings: a u16 count, and for each
 *               u8 severity, u8 disposition, u16 count of evidence, the strings rule and reason, and u32 instruments as evidence;
 *               zero-padded to 8; with marks, the last 4 bytes are their u32
 *
 * Times and seq are integers below 2^53, which float64 holds exactly.
 */

import type { Disposition, Greeks, QuoteSource, Severity, TradeSource } from '../../../market/tick.ts'

export const RecordKind = {
  quote: 1,
  trade: 2,
  greeks: 3,
  statistic: 4,
  gap: 16,
  line: 17,
  contract: 18,
  config: 19,
  session: 20,
  carry: 21,
} as const

/** Kinds up to this one are ticks. */
export const LAST_TICK_KIND = 15

export const NO_INSTRUMENT = 0xffffffff
export const ABSENT_STRING = 0xffffffff
export const FLAG_VERDICT = 1
export const FLAG_QUARANTINE = 2
export const FLAG_DELAYED = 4
export const FLAG_MARKS = 8
export const MARKS_BYTES = 4
export const MAX_RECORD_BYTES = 0xffff * 8
export const HEAD_BYTES = 24

/** The variants of a kind, by their number. */
export const QUOTE_SOURCES: readonly (QuoteSource | undefined)[] = [undefined, 'tick-by-tick']
export const TRADE_SOURCES: readonly TradeSource[] = ['last', 'rt-volume', 'tick-by-tick', 'import']
export const GREEKS_BASES: readonly Greeks['basis'][] = ['bid', 'ask', 'last', 'model']

/** By their number in a finding. */
export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error']
export const DISPOSITIONS: readonly Disposition[] = ['flag', 'quarantine']
/** Of a finding's numbers in front of its texts. */
export const FINDING_BYTES = 4

/** Count of float64 numbers after seq and tsUs, by kind; control records keep everything in one JSON string. */
export const NUMBERS: Readonly<Record<number, number>> = {
  [RecordKind.quote]: 5,
  [RecordKind.trade]: 3,
  [RecordKind.greeks]: 9,
  [RecordKind.statistic]: 2,
}

/** Count of texts that a tick of the kind has in front of its findings. */
export const OWN_TEXTS: Readonly<Record<number, number>> = { [RecordKind.trade]: 2, [RecordKind.statistic]: 2 }
