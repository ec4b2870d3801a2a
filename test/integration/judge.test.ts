import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { judgeSessions, type JudgeSessionsOptions, judgeTape } from '../../backtester/judge/judge.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { writeTape } from '../../db/tape/writer.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { RULES } from '../../market/rules/index.ts'
import { defaultSettings, type RulesSettings } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import { isTick, type Quote, type TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, CONTRACTS, contractOf, FIRST_TS_US } from '../support/tape/ticks.ts'
import { quarantined } from '../support/tape/verdicts.ts'

const SETTINGS = defaultSettings(RULES)
const NEVER = new AbortController().signal

/** Quotes of three contracts that wander, some wide, crossed, locked, negative or repeated. */
function quotes(count: number): Quote[] {
  return Array.from({ length: count }, (_, i) => {
    const mid = 70 + Math.sin(i / 17) + (i % 97 === 0 ? 9 : 0)
    const half = i % 13 === 0 ? 60 : i % 29 === 0 ? -0.02 : i % 31 === 0 ? 0 : 0.01
    const cents = (value: number) => Math.round(value * 100) / 100
    const bidSize = i % 41 === 0 ? -1 : 100
    const sides = { bidPrice: cents(mid - half), askPrice: cents(mid + half), bidSize, askSize: 200 }
    return { kind: 'quote', seq: 0, tsUs: 0, instrument: i % CONTRACTS.length, ...sides }
  })
}

/** Records as a collector records them: numbered, stamped and judged by `settings`. */
function recorded(content: readonly TapeRecord[], settings: RulesSettings = SETTINGS): TapeRecord[] {
  const validator = new Validator({ rules: RULES, settings, onRuleError: (rule) => expect.unreachable(`${rule} failed`) })
  const base = { seq: 0, tsUs: 0 }
  const head: TapeRecord[] = [
    { kind: 'session', ...base, event: 'started', detail: { version: '0.0.9', clock: 'wall' } },
    { kind: 'config', ...base, config: { rules: settings } },
    ...CONTRACTS.map((contract, instrument) => ({ kind: 'contract' as const, ...base, instrument, contract })),
  ]
  return [...head, ...content].map((one, i) => {
    const record = { ...one, seq: i + 1, tsUs: FIRST_TS_US + i * 200_000 }
    if (isTick(record)) record.verdict ??= validator.judge(record)
    else if (record.kind === 'config' && i > 1) validator.configure({ rules: RULES, settings: record.config['rules'] as RulesSettings })
    validator.take(record)
    return record
  })
}

const day = recorded(quotes(1200))
const found = day.filter((record) => isTick(record) && record.verdict).length

forEachEdition('a judgement', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  let lastSession = 0
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
  })
  afterAll(() => admin.end())

  /** Stores the records as a session. Returns its number. */
  const stored = async (records: readonly TapeRecord[] = day, batchRecords = 500): Promise<number> => {
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    const store = createTickStore({ pool })
    const sessionId = ++lastSession
    for (let at = 0; at < records.length; at += batchRecords) {
      const batch = { sessionId, batchNo: at / batchRecords + 1, blocks: [block(records.slice(at, at + batchRecords))] }
      await store.store(batch, contractOf)
    }
    return sessionId
  }
  const judge = (
    sessionId: number,
    { settings = SETTINGS, ...options }: Partial<JudgeSessionsOptions> & { settings?: RulesSettings } = {},
  ) => judgeSessions({ url, sessionId, rules: { rules: RULES, settings }, part: {}, signal: NEVER, ...options })
  const findingsOf = async (sessionId: number, where: string) =>
    (
      await admin.query(
        `SELECT seq, ordinal, rule, severity, disposition, reason, evidence FROM findings WHERE session_id = ${sessionId} AND ${where} ORDER BY seq, ordinal`,
      )
    ).rows

  it('finds what was found, in the database as on a tape, whatever the batches were', async () => {
    expect(found).toBeGreaterThan(100)
    for (const batchRecords of [7, 1000]) {
      const sessionId = await stored(day, batchRecords)
      const summary = await judge(sessionId)
      expect(summary).toMatchObject({ ticks: 1200, differing: 0, differences: [], skipped: 0, recordedBy: ['0.0.9'], beginsWithin: false })
      expect(summary.flagged + summary.quarantined).toBe(found)
    }
    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-judge-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeTape(join(folder, 'day.tape'), { source: 'import' }, [day])
    const onTape = await judgeTape(join(folder, 'day.tape'), { rules: { rules: RULES, settings: SETTINGS }, part: {}, signal: NEVER })
    expect(onTape).toMatchObject({ ticks: 1200, differing: 0, sessionIds: [], beginsWithin: false })

    // Of a session whose start is in the segment before.
    await writeTape(join(folder, 'rest.tape'), { source: 'collector', sessionId: 7 }, [day.slice(2)])
    const rest = await judgeTape(join(folder, 'rest.tape'), { rules: { rules: RULES, settings: SETTINGS }, part: {}, signal: NEVER })
    expect(rest).toMatchObject({ ticks: 1200, sessionIds: [7], beginsWithin: true })
  })

  it('names settings that changed, rules that are off or were, that are new or gone', async () => {
    const { 'wide-spread': wide, 'locked-quote': locked, ...others } = SETTINGS
    const then: RulesSettings = { ...others, 'wide-spread': { ...(wide as object), severity: 'warning' } as never, 'price-jump': 'off' }
    const records = recorded(quotes(600), { ...then, 'locked-quote': locked ?? 'off' })
    for (const record of records) if (record.kind === 'config') record.config['rules'] = { ...then, 'old-rule': { severity: 'error' } }
    const odd = records.find((record) => isTick(record) && record.verdict === undefined)
    if (odd && isTick(odd)) odd.verdict = quarantined('old-rule', 'as it was')
    const summary = await judge(await stored(records), { settings: { ...SETTINGS, 'negative-size': 'off' } })
    const why = new Map(summary.differences.map(({ rule, change, cause }) => [`${rule} ${change}`, cause]))
    expect(why.get('wide-spread changed')).toBe('settings-changed')
    expect(why.get('price-jump appeared')).toBe('was-off')
    expect(why.get('negative-size vanished')).toBe('is-off')
    expect(why.get('old-rule vanished')).toBe('rule-gone')
    const [example] = summary.differences.filter(({ rule }) => rule === 'old-rule')
    expect(example).toMatchObject({ ticks: 1, example: { seq: odd?.seq, recorded: 'error, quarantine: as it was' } })

    for (const record of records) if (record.kind === 'config') record.config['rules'] = others
    const fewer = await judge(await stored(records.map((record) => (isTick(record) ? { ...record, verdict: undefined } : record))))
    expect(fewer.differences.find(({ rule }) => rule === 'wide-spread')).toMatchObject({ change: 'appeared', cause: 'rule-new' })
    expect(fewer.differences.find(({ rule }) => rule === 'negative-size')).toMatchObject({ change: 'appeared', cause: 'same-settings' })
  })

  it('goes through settings that changed while it was recorded as the collector did', async () => {
    const content: TapeRecord[] = quotes(900)
    const again = { ...SETTINGS, 'wide-spread': 'off' as const }
    content.splice(300, 0, { kind: 'config', seq: 0, tsUs: 0, config: { rules: again } })
    content.splice(600, 0, { kind: 'config', seq: 0, tsUs: 0, config: { rules: SETTINGS } })
    const summary = await judge(await stored(recorded(content)))
    expect(summary.differences.map(({ rule, change, cause }) => [rule, change, cause])).toEqual([['wide-spread', 'appeared', 'was-off']])
  })

  it('finds a price that was altered, and a finding that was', async () => {
    const sessionId = await stored()
    await admin.query(`UPDATE quotes SET ask_price = ask_price + 400 WHERE session_id = ${sessionId} AND seq = 501`)
    await admin.query(`UPDATE findings SET reason = 'nothing' WHERE session_id = ${sessionId} AND rule = 'negative-size' AND seq =
      (SELECT min(seq) FROM findings WHERE session_id = ${sessionId} AND rule = 'negative-size')`)
    const { differing, differences } = await judge(sessionId)
    expect(differing).toBeGreaterThanOrEqual(2)
    expect(differences.find(({ rule }) => rule === 'wide-spread')).toMatchObject({ change: 'appeared', example: { seq: 501 } })
    expect(differences.find(({ rule }) => rule === 'negative-size')).toMatchObject({
      change: 'changed',
      ticks: 1,
      example: { recorded: 'error, quarantine: nothing' },
    })
  })

  it('compares a part with all that was before it, and only the symbols that are asked for', async () => {
    const sessionId = await stored()
    const fromUs = day[900]?.tsUs
    expect(await judge(sessionId, { part: { fromUs } })).toMatchObject({ ticks: day.length - 900, differing: 0, firstTsUs: fromUs })
    const toUs = day[400]?.tsUs
    const part = { fromUs: day[100]?.tsUs, toUs, symbols: ['FOXA'] }
    const settings = { ...SETTINGS, 'wide-spread': 'off' as const }
    const { ticks, differences } = await judge(sessionId, { part, settings })
    expect(ticks).toBe(100)
    expect(differences.map(({ rule }) => rule)).toEqual(['wide-spread'])
    expect(differences[0]?.example.contract).toMatch(/FOXA/)
  })

  describe('that is stored', () => {
    it('stands beside what was recorded, once for the same settings', async () => {
      const sessionId = await stored()
      const before = await findingsOf(sessionId, 'judgement_id = 0')
      const settings = { ...SETTINGS, 'locked-quote': 'off' as const }
      const write = { version: '1.2.3' }
      const first = await judge(sessionId, { settings, write })
      const again = await judge(sessionId, { settings, write })
      const other = await judge(sessionId, { write })

      expect(first.judgements).toEqual([{ judgementId: expect.any(Number), sessionId, isNew: true }])
      expect(again.judgements).toEqual([{ ...first.judgements[0], isNew: false }])
      expect(other.judgements).toMatchObject([{ isNew: true }])
      expect(await findingsOf(sessionId, 'judgement_id = 0')).toEqual(before)
      const id = (summary: typeof first) => summary.judgements[0]?.judgementId ?? 0
      expect(await findingsOf(sessionId, `judgement_id = ${id(other)}`)).toEqual(before)
      const without = before.filter(({ rule }) => rule !== 'locked-quote').map(({ ordinal: _ordinal, ...rest }) => rest as object)
      const kept = await findingsOf(sessionId, `judgement_id = ${id(first)}`)
      expect(kept.map(({ ordinal: _ordinal, ...rest }) => rest as object)).toEqual(without)
      const { rows } = await admin.query(
        `SELECT judgement_id::int AS id, version, settings -> 'locked-quote' AS locked, ticks::int, differing_ticks::int AS differing
         FROM judgements WHERE session_id = ${sessionId} ORDER BY 1`,
      )
      expect(rows).toEqual([
        { id: id(first), version: '1.2.3', locked: 'off', ticks: 1200, differing: first.differing },
        { id: id(other), version: '1.2.3', locked: SETTINGS['locked-quote'], ticks: 1200, differing: 0 },
      ])
    })

    it('needs no other rights than what a collector writes', async () => {
      const sessionId = await stored()
      const role = `tapedeck_judge_${new URL(url).pathname.slice(-6)}`
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret-word'; GRANT USAGE ON SCHEMA public TO ${role};
        GRANT INSERT, SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO ${role}`)
      onTestFinished(async () => void (await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
      const poor = Object.assign(new URL(url), { username: role, password: 'secret-word' }).href
      const { judgements } = await judge(sessionId, { url: poor, write: { version: '1' } })
      expect(judgements).toMatchObject([{ isNew: true }])
      const { rows } = await admin.query('SELECT session_id FROM judgements WHERE judgement_id = $1 OR session_id = 0', [
        judgements[0]?.judgementId,
      ])
      expect(rows).toEqual([{ session_id: String(sessionId) }])
    })

    it('has a transaction that outlasts minutes without a finding', async () => {
      await admin.query(`CREATE TABLE seen (timeout text);
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO seen VALUES (current_setting('idle_in_transaction_session_timeout')); RETURN NULL; END $$;
        CREATE TRIGGER watched AFTER INSERT ON judgements FOR EACH STATEMENT EXECUTE FUNCTION see()`)
      onTestFinished(async () => void (await admin.query('DROP FUNCTION see CASCADE; DROP TABLE seen')))
      await judge(await stored(), { write: { version: '1' } })
      expect((await admin.query('SELECT timeout FROM seen')).rows).toEqual([{ timeout: '0' }])
    })

    it('leaves nothing behind when it is stopped', async () => {
      const sessionId = await stored()
      const stop = new AbortController()
      const onProgress = () => stop.abort()
      const { judgements } = await judge(sessionId, { write: { version: '1' }, signal: stop.signal, onProgress })
      expect(judgements).toEqual([])
      expect(await findingsOf(sessionId, 'judgement_id > 0')).toEqual([])
    })
  })

  it('keeps verdicts that no rule gave, and leaves out what the database refused', async () => {
    const unfinished = quarantined('unfinished', 'cut off')
    const content: TapeRecord[] = [
      ...quotes(60),
      { kind: 'quote', seq: 0, tsUs: 0, instrument: 0, bidPrice: 1, verdict: unfinished },
      { kind: 'trade', seq: 0, tsUs: 0, instrument: 0, price: 70, source: 'last', venue: 'A\0B' },
      { kind: 'quote', seq: 0, tsUs: 0, instrument: 99, bidPrice: 1, askPrice: 1.01 },
      ...quotes(60),
    ]
    const summary = await judge(await stored(recorded(content)))
    expect(summary).toMatchObject({ ticks: 122, differing: 0, skipped: 1 })
  })
})
