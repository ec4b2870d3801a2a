/** The rules, by somebody who did not write them: streams of any records at all, in which few numbers stand for many contracts. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { RULES } from '../../../../market/rules/index.ts'
import { defaultSettings } from '../../../../market/rules/settings.ts'
import { Validator } from '../../../../market/rules/validator.ts'
import { isTick, type TapeRecord } from '../../../../market/tick.ts'
import { judgedAnew } from '../../../support/judged.ts'
import { anyRecord } from '../../../support/tape/any-record.ts'
import { unexpected } from '../../../support/unexpected.ts'

const INSTRUMENTS = 4

/** Numbers of few instruments, so that records meet; some of them with times that rise, as on a tape. */
const anyStream = fc.tuple(fc.array(anyRecord, { maxLength: 80 }), fc.boolean()).map(([records, rises]) =>
  records.map((record, i): TapeRecord => {
    const few =
      'instrument' in record && record.instrument !== undefined ? { ...record, instrument: record.instrument % INSTRUMENTS } : record
    return rises ? { ...few, seq: i + 1, tsUs: 1_401_978_660_000_000 + i * 40_000 } : few
  }),
)

it('no rule throws on any record, however it follows others, and none changes a record', () => {
  fc.assert(
    fc.property(anyStream, (records) => {
      const validator = new Validator({ rules: RULES, settings: defaultSettings(RULES), onRuleError: unexpected })
      for (const record of records) {
        const before = structuredClone(record)
        if (isTick(record)) {
          const verdict = validator.judge(record)
          expect(verdict?.findings.length).not.toBe(0)
          for (const { reason } of verdict?.findings ?? []) expect(reason).not.toMatch(/undefined|\[object|^$/)
          validator.take({ ...record, verdict })
        } else validator.take(record)
        expect(record).toEqual(before)
      }
    }),
    { numRuns: 500 },
  )
})

it('judging twice gives the same: it changes nothing', () => {
  fc.assert(
    fc.property(anyStream, (records) => {
      const validator = new Validator({ rules: RULES, settings: defaultSettings(RULES), onRuleError: unexpected })
      for (const record of records) {
        if (!isTick(record)) validator.take(record)
        else {
          const verdict = validator.judge(record)
          expect(validator.judge(record)).toEqual(verdict)
          validator.take({ ...record, verdict })
        }
      }
    }),
    { numRuns: 200 },
  )
})

it('a session is judged the same whatever came before it, and whatever its instruments are numbered', async () => {
  await fc.assert(
    fc.asyncProperty(anyStream, anyStream, async (before, records) => {
      const started: TapeRecord = { kind: 'session', event: 'started', seq: 0, tsUs: 1_401_978_660_000_000 }
      const session = [started, ...records]
      const alone = await judgedAnew([session])
      const validator = new Validator({ rules: RULES, settings: defaultSettings(RULES), onRuleError: unexpected })
      for (const record of before) validator.take(record)
      expect(verdictsBy(validator, session)).toEqual(
        verdictsBy(new Validator({ rules: RULES, settings: defaultSettings(RULES), onRuleError: unexpected }), session),
      )
      const renumbered = session.map((record) =>
        'instrument' in record && record.instrument !== undefined ? { ...record, instrument: 1000 - record.instrument } : record,
      )
      expect(await judgedAnew([renumbered])).toEqual(alone)
    }),
    { numRuns: 150 },
  )
})

function verdictsBy(validator: Validator, records: readonly TapeRecord[]): unknown[] {
  return records.map((record) => {
    if (!isTick(record)) {
      validator.take(record)
      return undefined
    }
    const verdict = validator.judge(record)
    validator.take({ ...record, verdict })
    return verdict
  })
}
