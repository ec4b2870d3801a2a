import { describe, expect, it } from 'vitest'
import type { TapeRecord } from '../../../../market/tick.ts'
import { onGatewayTime, present, quote, rotate, START_US, STOCK } from './recorder-support.ts'
import { flagged } from '../../../support/tape/verdicts.ts'

describe('subscribers', () => {
  it('get every record that was appended, numbered, stamped and judged, in order, and so control records too', async () => {
    const doubted = flagged('wide-spread', 'it is wide')
    const { recorder, tapes, sessionIds } = await onGatewayTime(() => ({ ...doubted }))
    const seen: [TapeRecord, number][] = []
    recorder.subscribe((record, sessionId) => seen.push([structuredClone(record), sessionId]))
    recorder.begin()
    recorder.lineOpened(recorder.instrumentOf(STOCK))
    recorder.tick(quote(1), START_US + 10)
    recorder.alive()
    recorder.interrupted({ fromTsUs: START_US, cause: 'ib-1100' })
    recorder.gap({ fromTsUs: START_US, toTsUs: START_US + 9, cause: 'ib-1100' })
    await rotate(recorder, 'clock-step')
    await recorder.end('test')
    const written = await tapes()

    expect(seen.map(([record, sessionId]) => [present(record), sessionId])).toEqual(
      written.flatMap((tape, i) => tape.map((record) => [record, sessionIds[i]])),
    )
    expect(seen.find(([{ kind }]) => kind === 'quote')?.[0]).toMatchObject({ seq: 5, tsUs: START_US + 10, verdict: doubted })
  })

  it('do not see a tick that the journal refused, or that came outside of a session', async () => {
    const { recorder, bound, tapes } = await onGatewayTime()
    const seen: string[] = []
    recorder.subscribe(({ kind }) => seen.push(kind))
    recorder.tick(quote(1), START_US)
    recorder.begin()
    const instrument = recorder.instrumentOf(STOCK)
    Object.assign(bound.limits, { limitBytes: 1e9 })
    const segment = { path: '', bytes: 0, uncommitted: 0, closed: false }
    bound.grow(segment, 1e9)
    expect(recorder.tick(quote(2, instrument), START_US + 10)).toBe('journal-full')
    bound.forget(segment)
    expect(recorder.tick({ kind: 'statistic', seq: 0, tsUs: 0, instrument, name: 'x', text: 'x'.repeat(524_280) }, START_US + 20)).toBe(
      'too-long',
    )
    recorder.tick(quote(3, instrument), START_US + 30)
    await recorder.end('test')

    expect(seen).toEqual(['session', 'config', 'contract', 'quote', 'session'])
    expect((await tapes())[0]?.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  })

  it('that throw are detached, and neither the recording nor the others notice', async () => {
    const errors: unknown[] = []
    const { recorder, counts } = await onGatewayTime(undefined, (error) => errors.push(error))
    let calls = 0
    recorder.subscribe(() => {
      calls++
      throw new Error('broken')
    })
    const seen: string[] = []
    const unsubscribe = recorder.subscribe(({ kind }) => seen.push(kind))
    recorder.begin()
    recorder.tick(quote(1), START_US + 10)
    unsubscribe()
    recorder.tick(quote(2), START_US + 20)
    await recorder.end('test')

    expect(calls).toBe(1)
    expect(errors).toEqual([new Error('broken')])
    expect(seen).toEqual(['session', 'config', 'quote'])
    expect(counts.inFlight).toBe(2)
  })
})
