import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Contract, PriceStep } from '../../../../market/contract.ts'
import { RULES } from '../../../../market/rules/index.ts'
import type { Verdict } from '../../../../market/tick.ts'
import { OPTION, RULES_START_US, RulesAtWork, STOCK } from '../../../support/rules.ts'
import { unexpected } from '../../../support/unexpected.ts'

/** Any number at all, the ones that break arithmetic above all. */
const anyNumber = fc.oneof(
  fc.constantFrom(0, -0, -1, 0.01, 1e-308, 1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 63),
  fc.double(),
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 })
const value = maybe(anyNumber)
const time = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3_000_000_000 }).map((us) => RULES_START_US + us) },
  { weight: 1, arbitrary: anyNumber },
)
const common = {
  instrument: fc.nat(5),
  tsUs: time,
  eventTsUs: maybe(time),
  marks: maybe(fc.oneof(fc.nat(1023), fc.integer({ min: 1, max: 0xffffffff }))),
  delayed: fc.constantFrom(true as const, undefined),
}
const anyTick = fc.oneof(
  fc.record({
    kind: fc.constant('quote' as const),
    ...common,
    bidPrice: value,
    askPrice: value,
    bidSize: value,
    askSize: value,
    source: fc.constantFrom('tick-by-tick' as const, undefined),
  }),
  fc.record({
    kind: fc.constant('trade' as const),
    ...common,
    price: anyNumber,
    size: value,
    source: fc.constantFrom('last' as const, 'rt-volume' as const, 'tick-by-tick' as const, 'import' as const),
    conditions: maybe(fc.string()),
  }),
  fc.record({
    kind: fc.constant('greeks' as const),
    ...common,
    basis: fc.constantFrom('bid' as const, 'ask' as const, 'last' as const, 'model' as const),
    impliedVolatility: value,
    delta: value,
    gamma: value,
    vega: value,
    theta: value,
    optionPrice: value,
    pvDividend: value,
    underlyingPrice: value,
  }),
  fc.record({
    kind: fc.constant('statistic' as const),
    ...common,
    name: fc.oneof(fc.constantFrom('day-volume', 'rt-day-volume', 'halted'), fc.string()),
    value,
    text: maybe(fc.string()),
  }),
)
const anyControl = fc.oneof(
  fc.record({ kind: fc.constant('config' as const), config: fc.dictionary(fc.constantFrom('gateway', 'rules'), fc.anything()) }),
  fc.record({
    kind: fc.constant('session' as const),
    event: fc.constantFrom('started' as const, 'alive' as const, 'interrupted' as const),
  }),
  fc.record({
    kind: fc.constant('gap' as const),
    fromTsUs: anyNumber,
    toTsUs: anyNumber,
    cause: fc.string(),
    instrument: maybe(fc.nat(5)),
  }),
  fc.record({
    kind: fc.constant('line' as const),
    instrument: fc.nat(5),
    event: fc.constantFrom('opened' as const, 'closed' as const),
    openedSeq: fc.nat(9),
    openedTsUs: anyNumber,
  }),
)

const grid: fc.Arbitrary<PriceStep[]> = fc.array(fc.record({ from: anyNumber, increment: anyNumber }), { maxLength: 3 })
const hours = fc.record({ readOn: fc.string(), timeZone: fc.constantFrom('US/Eastern', 'Moon'), trading: fc.string(), liquid: fc.string() })
/** Of the first numbers; the last ones are named by no record. */
const anyContracts = fc.tuple(
  ...[STOCK, OPTION, { ...OPTION, strike: Number.NaN, tradingClass: 'SPX' }].map((contract) =>
    fc.tuple(maybe(grid), maybe(hours)).map(
      ([priceGrid, listed]): Contract => ({
        ...contract,
        ...(priceGrid && { priceGrid }),
        ...(listed && { hours: listed }),
      }),
    ),
  ),
)

describe('the rules', () => {
  it('give the same verdicts whatever the numbers of the instruments are, and when they are run again', () => {
    const anyRecords = fc.array(fc.oneof({ weight: 9, arbitrary: anyTick }, anyControl), { maxLength: 60, size: 'max' })
    fc.assert(
      fc.property(anyContracts, anyRecords, (contracts, records) => {
        const verdicts = verdictsOn(contracts, records, (i) => i)
        expect(verdictsOn(contracts, records, (i) => i)).toEqual(verdicts)
        expect(verdictsOn(contracts, records, (i) => 7_000_001 - 37 * i)).toEqual(verdicts)
      }),
      { numRuns: 200 },
    )
  })

  it('throw on no tick that its type allows, whatever came before, and change none', () => {
    fc.assert(
      fc.property(
        anyContracts,
        fc.array(fc.oneof({ weight: 9, arbitrary: anyTick }, anyControl), { maxLength: 60, size: 'max' }),
        (contracts, records) => {
          const rules = new RulesAtWork(RULES, { contracts, onRuleError: unexpected })
          for (const record of records) {
            if (isTickKind(record)) {
              const before = structuredClone(record)
              expectSound(rules.verdictOn(record))
              expect(record).toEqual(before)
            } else rules.take(record)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** The verdicts on these ticks where the instrument `i` has the number `numberOf(i)`; they name it `i`. */
function verdictsOn(contracts: readonly Contract[], records: readonly AnyRecord[], numberOf: (instrument: number) => number) {
  const rules = new RulesAtWork(RULES, { contracts: [] })
  for (const [i, contract] of contracts.entries()) rules.take({ kind: 'contract', instrument: numberOf(i), contract })
  const numberBehind = (number: number) => [0, 1, 2, 3, 4, 5].find((i) => numberOf(i) === number)
  return records.map((record) => {
    const renumbered =
      'instrument' in record && record.instrument !== undefined ? { ...record, instrument: numberOf(record.instrument) } : record
    if (!isTickKind(renumbered)) {
      rules.take(renumbered)
      return undefined
    }
    const verdict = rules.verdictOn(renumbered)
    return (
      verdict && {
        ...verdict,
        findings: verdict.findings.map((finding) => ({ ...finding, evidence: finding.evidence?.map(numberBehind) })),
      }
    )
  })
}

type AnyTick = typeof anyTick extends fc.Arbitrary<infer T> ? T : never
type AnyRecord = AnyTick | (typeof anyControl extends fc.Arbitrary<infer T> ? T : never)

function isTickKind(record: AnyRecord): record is AnyTick {
  return record.kind === 'quote' || record.kind === 'trade' || record.kind === 'greeks' || record.kind === 'statistic'
}

/** A verdict is as its type says, with a reason that a person can read. */
function expectSound(verdict: Verdict | undefined): void {
  if (verdict === undefined) return
  const { disposition, findings } = verdict
  expect(findings.length).toBeGreaterThan(0)
  expect(disposition).toBe(findings.some((finding) => finding.disposition === 'quarantine') ? 'quarantine' : 'flag')
  for (const { rule, severity, reason } of findings) {
    expect(RULES.map(({ name }) => name)).toContain(rule)
    expect(['info', 'warning', 'error']).toContain(severity)
    expect(reason).not.toMatch(/undefined|\[object|^$/)
  }
}
