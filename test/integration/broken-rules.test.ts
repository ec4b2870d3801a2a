/** Rules that are broken on purpose are caught when a recording is judged again, and nothing is said of the others. */

import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'

import { type JudgeSummary, judgeSessions, judgeTape } from '../../backtester/judge/judge.ts'
import { configSchema } from '../../config/schema.ts'
import { loadRules } from '../../config/own-rules.ts'
import { createPool } from '../../db/pool.ts'
import { writeTape } from '../../db/tape/writer.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { RulesInForce } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { folderForTest } from '../support/process/collecting.ts'
import { block, CONTRACTS, contractOf, FIRST_TS_US } from '../support/tape/ticks.ts'
import { unexpected } from '../support/unexpected.ts'

const NEVER = new AbortController().signal
const SESSION = 4096
const QUOTES = 900
/** Judged in turns of the event loop of so many records, as a live feed comes. */
const TURN = 7

/** The rules of the program beside one of these fixtures. */
function rulesWith(name: string): Promise<RulesInForce> {
  const file = join(packageRoot(), 'test', 'fixtures', 'broken-rules', `${name}.mjs`)
  return loadRules(configSchema.parse({ dataDir: '.', rules: { [name]: { file } } }).rules)
}

/** A session as a collector records it, some of its quotes crossed. */
async function recordedBy(rules: RulesInForce): Promise<TapeRecord[]> {
  const validator = new Validator({ ...rules, onRuleError: unexpected })
  const at = (i: number) => ({ seq: i + 1, tsUs: FIRST_TS_US + i * 50_000 })
  const content: TapeRecord[] = [
    { kind: 'session', ...at(0), event: 'started' },
    { kind: 'config', ...at(1), config: { rules: rules.settings } },
    ...CONTRACTS.map((contract, i): TapeRecord => ({ kind: 'contract', ...at(2 + i), instrument: i, contract })),
  ]
  for (let i = 0; i < QUOTES; i++) {
    const bidPrice = 70 + (i % 11) / 100
    const askPrice = i % 37 === 0 ? bidPrice - 20 : bidPrice + 0.05
    content.push({ kind: 'quote', ...at(content.length), instrument: i % CONTRACTS.length, bidPrice, askPrice, bidSize: 1, askSize: 1 + i })
  }
  for (const [i, record] of content.entries()) {
    if (i % TURN === 0) await setImmediate()
    if (isTick(record)) record.verdict = validator.judge(record)
    validator.take(record)
  }
  return content
}

async function judgedOnTape(records: TapeRecord[], rules: RulesInForce): Promise<JudgeSummary> {
  const tape = join(await folderForTest(), 'session.tape')
  await writeTape(tape, { source: 'import' }, [records])
  return judgeTape(tape, { rules, part: {}, signal: NEVER })
}

const isClean = { differing: 0, differences: [] }
/** Which rules found something else. */
const blamed = ({ differences }: JudgeSummary) => [...new Set(differences.map(({ rule }) => rule))]

describe('judging a tape again', () => {
  it.each(['wall-clock', 'counts-forever', 'by-turn'])('catches the rule %s, and no other', async (name) => {
    const rules = await rulesWith(name)
    const summary = await judgedOnTape(await recordedBy(rules), rules)
    expect(summary.differing).toBeGreaterThan(0)
    expect(blamed(summary)).toEqual([name])
    expect(summary.differences.map(({ cause }) => cause)).toContain('same-settings')
  })

  it('finds the same where no rule is broken', async () => {
    const rules = await loadRules(configSchema.parse({ dataDir: '.' }).rules)
    const records = await recordedBy(rules)
    expect(records.filter((record) => isTick(record) && record.verdict?.disposition === 'quarantine').length).toBeGreaterThan(QUOTES / 50)
    expect(await judgedOnTape(records, rules)).toMatchObject({ ticks: QUOTES, ...isClean })
  })
})

forEachEdition('judging a session again', (edition) => {
  it('catches rules that go by the clock, by what they remember, by the batch and by the number of an instrument', async () => {
    for (const name of ['wall-clock', 'counts-forever', 'by-turn', 'by-number']) {
      const rules = await rulesWith(name)
      const url = await edition.createTapeDatabase()
      const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
      onTestFinished(() => pool.end())
      const store = createTickStore({ pool })
      // The numbers of the database begin with 1.
      await store.store({ sessionId: SESSION, batchNo: 1, blocks: [block(await recordedBy(rules))] }, contractOf)
      const summary = await judgeSessions({ rules, url, sessionId: SESSION, part: {}, signal: NEVER })
      expect(summary.ticks).toBe(QUOTES)
      expect(blamed(summary), name).toEqual([name])
    }
  })
})
