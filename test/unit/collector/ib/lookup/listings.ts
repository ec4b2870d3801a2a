/** A scripted TWS that knows some stocks and options, and answers lookups of them as IB does. Messages are typed at server version 193. */

import { greet, type TwsConnection } from '../../../../support/gateway/scripted-tws.ts'

export interface Listings {
  /** Symbols and their numbers. */
  stocks: Record<string, number>
  /** The same of indices. */
  indices?: Record<string, number>
  /** The answer to reqSecDefOptParams, venue by venue, of every stock. */
  chains: { exchange: string; tradingClass: string; expirations: string[]; strikes: number[] }[]
  /** What exists, as `expiry strike right` with the trading class behind it. */
  options: string[]
  /** Steps of the market rules that are sent: lower edge, increment. Default: those of the stocks' rule and the options'. */
  rules?: Record<string, number[]>
}

/** A cent for stocks (26); for options a cent below three dollars, five cents above (32). */
const RULES: Record<string, number[]> = { 26: [0, 0.01], 32: [0, 0.01, 3, 0.05] }

const HOURS = 'US/Eastern|20140605:0930-1600|20140605:0930-1600'

/** The fields of a stock's contractData. */
export function stockDetails(reqId: string, symbol: string, conId: number): string[] {
  const named = `10|${reqId}|${symbol}|STK|||0||SMART|USD|${symbol}|NMS|NMS|${conId}|0.01||LMT,MKT|SMART,NYSE|1|0|TIME WARNER INC|NYSE`
  return `${named}||Communications|Media|Entertainment|${HOURS}|||0|1|||26||COMMON|1|1|100|0`.split('|')
}

/** The fields of an index's contractData. */
export function indexDetails(reqId: string, symbol: string, conId: number): string[] {
  const named = `10|${reqId}|${symbol}|IND|||0||CBOE|USD|${symbol}|${symbol}|${symbol}|${conId}|0.01|||CBOE|1|0|S&P 500 STOCK INDEX|`
  return `${named}||Indices|Broad Range Equity Index|*|${HOURS}|||0|1|||26|||1|1|100|0`.split('|')
}

/** The fields of an option's contractData. Monthly options of that time are listed for the Saturday and trade until the Friday before. */
export function optionDetails(reqId: string, symbol: string, text: string, conId: number): string[] {
  const [expiry = '', strike, right, tradingClass = symbol] = text.split(' ')
  const lastTradeDate = expiry === '20140621' ? '20140620' : expiry
  const named = `10|${reqId}|${symbol}|OPT|${expiry}|${lastTradeDate}|${strike}|${right}|SMART|USD|${symbol} ${text}|${tradingClass}|${tradingClass}`
  const traded = `${conId}|0.01|100|LMT,MKT|SMART,CBOE|1|4321|TIME WARNER INC||${expiry.slice(0, 6)}||||${HOURS}`
  return `${named}|${traded}|||0|2|${symbol}|STK|32|${expiry}||1|1|1|0`.split('|')
}

/** Answers requests for contracts and chains until the connection ends. */
export async function serveListings(tws: TwsConnection, { stocks, indices = {}, chains, options, rules = RULES }: Listings): Promise<void> {
  await greet(tws)
  const none = (reqId: string) => tws.send(4, 2, reqId, 200, 'No security definition has been found for the request', '')
  const details = async () => {
    for (;;) {
      const [, , reqId = '', , symbol = '', secType, expiry, , , , , , , , tradingClass] = await tws.request(9)
      const [stock, index] = [stocks[symbol], indices[symbol]]
      const found =
        secType === 'STK'
          ? stock && [stockDetails(reqId, symbol, stock)]
          : secType === 'IND'
            ? index && [indexDetails(reqId, symbol, index)]
            : options
                .map((text, i) => ({ text, conId: 1000 + i }))
                .filter(({ text }) => text.startsWith(`${expiry} `) && text.endsWith(` ${tradingClass}`))
                .map(({ text, conId }) => optionDetails(reqId, symbol, text, conId))
      if (!found || found.length === 0) {
        none(reqId)
        continue
      }
      for (const fields of found) tws.send(...fields)
      tws.send(52, 1, reqId)
    }
  }
  const parameters = async () => {
    for (;;) {
      const [, reqId = '', , , , conId = ''] = await tws.request(78)
      for (const { exchange, tradingClass, expirations, strikes } of chains)
        tws.send(75, reqId, exchange, conId, tradingClass, 100, expirations.length, ...expirations, strikes.length, ...strikes)
      tws.send(76, reqId)
    }
  }
  const marketRules = async () => {
    for (;;) {
      const [, id = ''] = await tws.request(91)
      const steps = rules[id]
      if (steps) tws.send(93, id, steps.length / 2, ...steps)
      else tws.send(4, 2, -1, 321, `Error validating request: no market rule ${id}`, '')
    }
  }
  await Promise.all([details(), parameters(), marketRules()])
}
