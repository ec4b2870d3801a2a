import { pino } from 'pino'
import { expect, it, vi } from 'vitest'

import { createGatewayClock } from '../../../../collector/record/clock.ts'
import { StoredCarry } from '../../../../collector/record/stored-carry.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { JUNE_70_CALL } from '../../../support/gateway/gateway-tape.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import { recorderOn, START_US, STOCK } from './recorder-support.ts'

const CURVE = { currency: 'USD', asOf: '2014-06-04', points: [{ days: 30, rate: 0.01 }] }
const PAYMENT = { exDate: '2014-08-15', amount: 0.3 }

async function rig() {
  const clock = createGatewayClock()
  const { recorder, tapes } = await recorderOn(clock)
  clock.publish(START_US)
  const lines: string[] = []
  const events = createEvents(
    pino({ base: null }, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) }),
    createCounts(),
  )
  const database = { isAway: false, payments: [PAYMENT], asked: [] as string[] }
  const carry = new StoredCarry({
    database: {
      rates: ({ currencies, today }) => {
        database.asked.push([...currencies, today].join(' '))
        return database.isAway ? Promise.reject(new Error('connection refused')) : Promise.resolve([CURVE])
      },
      dividends: ({ keys }) =>
        Promise.resolve(
          keys.flatMap((key) =>
            database.payments.length > 0 ? { key, asOf: '2014-06-04', isBrokers: false, payments: database.payments } : [],
          ),
        ),
    },
    events,
    stop: new AbortController().signal,
  })
  carry.attach(recorder)
  const told: string[] = []
  recorder.subscribe((record) => {
    if (record.kind === 'carry') told.push(record.input)
  })
  recorder.begin()
  const onTape = async () => {
    await recorder.end('test')
    return (await tapes()).map((records) => records.filter(({ kind }) => kind === 'carry'))
  }
  return { recorder, clock, carry, database, lines, told, onTape }
}

const RATES = { input: 'rates', ...CURVE, source: 'interest-rates' }
const DIVIDENDS = { input: 'dividends', instrument: 0, payments: [PAYMENT], asOf: '2014-06-04', source: 'corporate-actions' }

it('asks nothing before the database is ready and an underlying is known, and then once', async () => {
  const { recorder, carry, database, told, onTape } = await rig()
  recorder.instrumentOf(STOCK)
  expect(database.asked).toEqual([])
  carry.prepared()
  await vi.waitFor(() => expect(told).toEqual(['rates', 'dividends']), PATIENTLY)
  recorder.instrumentOf(JUNE_70_CALL)
  expect(await onTape()).toMatchObject([[RATES, DIVIDENDS]])
  expect(database.asked).toEqual(['USD 2014-06-05'])
})

it('says once that the database is away, reads again within the hour, and takes back what is cancelled', async () => {
  const { recorder, clock, carry, database, lines, onTape } = await rig()
  database.isAway = true
  recorder.instrumentOf(STOCK)
  carry.prepared()
  await vi.waitFor(() => expect(lines).toEqual([expect.stringContaining('could not be read')]), PATIENTLY)
  const anHourLater = async (hours: number, reads: number) => {
    clock.publish(START_US + hours * 3_600_000_000)
    recorder.alive()
    recorder.alive()
    await vi.waitFor(() => expect(database.asked).toHaveLength(reads), PATIENTLY)
  }
  recorder.alive()
  expect(database.asked).toHaveLength(1)
  await anHourLater(1.1, 2)
  database.isAway = false
  await anHourLater(2.2, 3)
  await vi.waitFor(
    () => expect(lines).toEqual([expect.stringContaining('could not be read'), expect.stringContaining('from the database again')]),
    PATIENTLY,
  )
  database.payments = []
  await anHourLater(3.3, 4)
  await anHourLater(4.4, 5)
  expect(await onTape()).toMatchObject([[RATES, DIVIDENDS, { ...DIVIDENDS, payments: [], asOf: '2014-06-05' }]])
})
