import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { RequestError } from '../../../../../../backtester/gateway/protocol/field-reader.ts'
import { REQUESTS } from '../../../../../../backtester/gateway/server/handlers/index.ts'
import { RequestTable } from '../../../../../../backtester/gateway/server/request-table.ts'
import { anyContract, decodeRequest } from '../../../../../support/gateway/decoded-request.ts'

/** As issue threads and logs print messages. */
function decode(line: string) {
  return decodeRequest(line.split(','))
}

function refusal(line: string): { code: number; reqId: number; message: string } {
  try {
    decode(line)
  } catch (error) {
    if (error instanceof RequestError) return error
  }
  throw new Error(`${line} was not refused`)
}

describe('the table of requests', () => {
  it('refuses two handlers of one message', () => {
    const [first] = REQUESTS
    expect(() => new RequestTable([...REQUESTS, { ...first, name: 'another' } as (typeof REQUESTS)[number]])).toThrow(
      'Message 71 is handled twice: by start-api and by another',
    )
  })
})

describe('a message', () => {
  it('reads startApi as clients send it, with and without optional capabilities', () => {
    expect(decode('71,2,30,,')).toEqual({ type: 'start-api', clientId: 30 })
    expect(decode('71,2,0')).toEqual({ type: 'start-api', clientId: 0 })
  })

  it('reads reqContractDetails as ib_async sends it at server version 176 and above', () => {
    const query = { ...anyContract, symbol: 'MES', secType: 'FUT', exchange: 'CME', currency: 'USD' }
    expect(decode('9,8,7,0,MES,FUT,,0.0,,,CME,,USD,,,0,,,')).toEqual({ type: 'contract-details', reqId: 7, query })
  })

  it('reads reqContractDetails without the issuer id of later versions', () => {
    const query = { ...anyContract, symbol: 'TSLA', secType: 'STK', exchange: 'SMART', currency: 'USD' }
    expect(decode('9,8,9000,0,TSLA,STK,,0,,,SMART,,USD,,,0,,')).toEqual({ type: 'contract-details', reqId: 9000, query })
  })

  it('reads a whole option, its right spelt either way', () => {
    const query = { ...anyContract, conId: 5, symbol: 'TWX', secType: 'OPT', expiry: '20140621', strike: 72.5, right: 'C', multiplier: 100 }
    const line = (right: string) => `9,8,1,5,TWX,OPT,20140621,72.5,${right},100,SMART,,USD,TWX   140621C00072500,TWX,0,,,`
    const expected = { ...query, exchange: 'SMART', currency: 'USD', localSymbol: 'TWX   140621C00072500', tradingClass: 'TWX' }
    expect(decode(line('C'))).toMatchObject({ query: expected })
    expect(decode(line('CALL'))).toMatchObject({ query: expected })
  })

  it.each(['', '0', '0.0', '1.7976931348623157E308'])('takes a strike of "%s" for none', (strike) => {
    expect(decode(`9,8,1,0,TWX,OPT,201406,${strike},,,SMART,,USD,,,0,,,`)).toMatchObject({ query: { strike: undefined, right: undefined } })
  })

  it('reads reqMktData with and without a delta-neutral contract', () => {
    const query = { ...anyContract, symbol: 'TWX', secType: 'STK', exchange: 'SMART', currency: 'USD' }
    const request = { type: 'market-data', reqId: 4, query, generics: [], snapshot: false, regulatorySnapshot: false }
    expect(decode('1,11,4,0,TWX,STK,,0,,,SMART,,USD,,,0,,0,0,')).toEqual(request)
    expect(decode('1,11,4,0,TWX,STK,,0,,,SMART,,USD,,,0,100;233;mdoff,0,0,')).toEqual({ ...request, generics: ['100', '233'] })
    expect(decode('1,11,4,0,TWX,STK,,0,,,SMART,,USD,,,1,8,0.5,70,,0,0,')).toEqual(request)
    expect(decode('1,11,4,0,TWX,STK,,0,,,SMART,,USD,,,0,,1,0,')).toEqual({ ...request, snapshot: true })
    expect(decode('1,11,4,0,TWX,STK,,0,,,SMART,,USD,,,0,,0,1,')).toEqual({ ...request, regulatorySnapshot: true })
  })

  it('reads cancelMktData of either version', () => {
    expect(decode('2,1,9000')).toEqual({ type: 'cancel-market-data', reqId: 9000 })
    expect(decode('2,2,9000')).toEqual({ type: 'cancel-market-data', reqId: 9000 })
  })

  it('reads reqSecDefOptParams', () => {
    const request = { type: 'option-chain', reqId: 9000, symbol: 'AAPL', futFopExchange: '', secType: 'STK', conId: 12345 }
    expect(decode('78,9000,AAPL,,STK,12345')).toEqual(request)
  })

  it('reads requests without a body', () => {
    expect(decode('49,1')).toEqual({ type: 'current-time' })
    expect(decode('61,1')).toEqual({ type: 'positions' })
    expect(decode('59,1,3')).toEqual({ type: 'market-data-type', dataType: 3 })
    expect(decode('91,26')).toEqual({ type: 'market-rule', ruleId: 26 })
    expect(decode('98,7')).toEqual({ type: 'cancel-tick-by-tick', reqId: 7 })
    expect(decode('25,1,7')).toEqual({ type: 'cancel-historical-data', reqId: 7 })
  })

  it('finds the id in requests that are refused, of which it reads nothing else', () => {
    expect(decode('84,17,BZ,BZ$1')).toEqual({ type: 'refused', reqId: 17, message: 'reqNewsArticle' })
    expect(decode('84,x')).toEqual({ type: 'refused', reqId: -1, message: 'reqNewsArticle' })
  })

  it('answers what clients ask of an account as they connect as one without orders and positions would be', () => {
    const answers = {
      '5,1': [53, 1],
      '7,3,1,0,,,,,,,': [55, 1, 1],
      '8,1,0': [9, 1, 1],
      '17,1': [15, 1, 'DU0000000'],
      '99,1': [102],
      '74,1,2,DU0000000,': [72, 1, 2],
    }
    for (const [line, fields] of Object.entries(answers)) expect(decode(line)).toEqual({ type: 'empty', fields })
  })

  it('reads reqTickByTickData', () => {
    const query = { ...anyContract, symbol: 'TWX', secType: 'STK', exchange: 'SMART', currency: 'USD' }
    const line = (kind: string) => `97,9,0,TWX,STK,,0.0,,,SMART,,USD,,,${kind},0,1`
    expect(decode(line('BidAsk'))).toEqual({ type: 'tick-by-tick', count: 0, reqId: 9, query, kind: 'BidAsk', ignoreSize: true })
    expect(refusal(line('Bids'))).toMatchObject({ code: 322, reqId: 9 })
  })

  it('reads reqHistoricalTicks and reqHistoricalData', () => {
    const query = { ...anyContract, symbol: 'TWX', secType: 'STK', exchange: 'SMART', currency: 'USD' }
    expect(decode('96,9,0,TWX,STK,,0,,,SMART,,USD,,,0,20140605-13:30:00,,1000,BID_ASK,1,0,')).toEqual({
      type: 'historical-ticks',
      reqId: 9,
      query,
      start: '20140605-13:30:00',
      end: '',
      count: 1000,
      whatToShow: 'BID_ASK',
      useRth: true,
      ignoreSize: false,
    })
    expect(decode('20,9,0,TWX,STK,,0,,,SMART,,USD,,,0,20140605-20:00:00,1 min,1 D,0,TRADES,2,0,')).toEqual({
      type: 'historical-data',
      reqId: 9,
      query,
      end: '20140605-20:00:00',
      barSize: '1 min',
      duration: '1 D',
      useRth: false,
      whatToShow: 'TRADES',
      formatDate: 2,
      keepUpToDate: false,
    })
  })

  it('refuses unknown message ids', () => {
    expect(refusal('999,1')).toMatchObject({ code: 320, reqId: -1, message: expect.stringContaining('999') })
    expect(refusal('hello')).toMatchObject({ code: 320, reqId: -1 })
    expect(refusal('')).toMatchObject({ code: 320, reqId: -1 })
  })

  it('refuses a message that ends early, naming the field and the request', () => {
    expect(refusal('1,11,4,0,TWX')).toMatchObject({ code: 320, reqId: 4, message: expect.stringContaining('secType') })
    expect(refusal('2,1')).toMatchObject({ code: 320, reqId: -1, message: expect.stringContaining('request id') })
  })

  it('refuses values that make no sense', () => {
    const contract = (expiry: string, strike: string, right: string) => `9,8,6,0,TWX,OPT,${expiry},${strike},${right},,SMART,,USD,,,0,,,`
    expect(refusal(contract('2014-06-21', '0', ''))).toMatchObject({ code: 322, reqId: 6 })
    expect(refusal(contract('201406', '0', 'X'))).toMatchObject({ code: 322, reqId: 6 })
    expect(refusal(contract('201406', 'seventy', ''))).toMatchObject({ code: 320, reqId: 6 })
    expect(refusal('59,1,5')).toMatchObject({ code: 321 })
    expect(refusal('2,1,99999999999')).toMatchObject({ code: 320 })
  })

  it('refuses combinations and security ids', () => {
    expect(refusal('1,11,4,0,TWX,BAG,,0,,,SMART,,USD,,,1,5,1,BUY,SMART,0,,0,0,')).toMatchObject({ code: 200, reqId: 4 })
    expect(refusal('9,8,6,0,,STK,,0,,,SMART,,USD,,,0,ISIN,US8873173038,')).toMatchObject({ code: 200, reqId: 6 })
  })

  it('answers any fields with a request or a refusal', () => {
    const id = fc.constantFrom('1', '2', '9', '20', '49', '59', '61', '71', '78', '91', '96', '97', '3', '105')
    const field = fc.oneof(fc.constantFrom('', '0', '1', 'STK', 'OPT', '20140621', 'C', '70.5', '-1'), fc.string())
    fc.assert(
      fc.property(id, fc.array(field, { maxLength: 30 }), (first, fields) => {
        try {
          expect(decodeRequest([first, ...fields])).toHaveProperty('type')
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
