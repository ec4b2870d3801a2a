/**
 * One well-formed message of every kind that a client of server version 193 can send, and what ends it. Typed from the encoders of clients.
 */

import { contractFields, JUNE_70_CALL, TWX } from './gateway-tape.ts'

export type Fields = (string | number)[]

export interface SampleRequest {
  /** As @stoqey/ib names it. */
  name: string
  /** The message, with a request id that nothing else has. */
  send: (reqId: number) => Fields
  /**
   * How a frame begins that ends it: the number of the message and what is ahead of the request id, which follows. `none`: IB answers with
   * nothing. `anonymous`: the message carries no id, so that its answer has none either.
   */
  ends: { prefix: string; by: 'id' | 'anonymous' } | 'none'
  /** Goes on behind its first answer. */
  isSubscription?: true
}

const stock = contractFields(TWX)
const option = contractFields(JUNE_70_CALL)
/** An error of this code. */
const error = (code: number) => ({ code })

function withId(prefix: string): SampleRequest['ends'] {
  return { prefix, by: 'id' }
}

function anonymous(prefix: string): SampleRequest['ends'] {
  return { prefix, by: 'anonymous' }
}

type Sample = Omit<SampleRequest, 'name' | 'ends'> & { ends: SampleRequest['ends'] | { code: number } }

/** By IB's number. Errors are `4|2|reqId|code|`. */
const SAMPLES: Readonly<Record<number, Sample>> = {
  1: { send: (id) => [1, 11, id, ...stock, 0, '', 0, 0, ''], ends: withId('81|'), isSubscription: true },
  2: { send: (id) => [2, 2, id], ends: error(300) },
  3: { send: (id) => [3, id, ...stock, '', '', 'BUY', 100, 'LMT', 70, '', 'DAY', '', '', '', '0', '', '1'], ends: error(201) },
  4: { send: (id) => [4, id, '', '', 2147483647], ends: error(10_147) },
  5: { send: () => [5, 1], ends: anonymous('53|1|') },
  6: { send: () => [6, 2, 1, 'DU0000000'], ends: anonymous('54|1|') },
  7: { send: (id) => [7, 3, id, '', '', '', '', '', '', ''], ends: withId('55|1|') },
  8: { send: () => [8, 1, 1], ends: anonymous('9|1|') },
  9: { send: (id) => [9, 8, id, ...stock, 0, '', '', ''], ends: withId('52|1|') },
  10: { send: (id) => [10, 5, id, ...stock, 5, 0, ''], ends: error(10_092) },
  11: { send: (id) => [11, 1, id, 0], ends: error(310) },
  12: { send: () => [12, 1, 1], ends: 'none' },
  13: { send: () => [13, 1], ends: 'none' },
  14: { send: () => [14, 1, 5], ends: 'none' },
  15: { send: () => [15, 1, 1], ends: 'none' },
  16: { send: () => [16, 1], ends: anonymous('53|1|') },
  17: { send: () => [17, 1], ends: anonymous('15|1|') },
  18: { send: () => [18, 1, 1], ends: anonymous('16|1|') },
  19: { send: (id) => [19, 1, 1, '<ListOfGroups/>', id], ends: error(322) },
  20: { send: (id) => [20, id, ...stock, 0, '', '1 min', '1 D', 1, 'MIDPOINT', 2, 0, ''], ends: withId('17|') },
  21: { send: (id) => [21, 2, id, ...option, 1, 1, 'DU0000000', 0, '', '', 0], ends: error(201) },
  22: { send: (id) => [22, id, 10, 'STK', 'STK.US.MAJOR', 'TOP_PERC_GAIN', ...Array(18).fill('')], ends: withId('20|3|') },
  23: { send: (id) => [23, 1, id], ends: 'none' },
  24: { send: () => [24, 1], ends: anonymous('19|1|') },
  25: { send: (id) => [25, 1, id], ends: error(366) },
  49: { send: () => [49, 1], ends: anonymous('49|1|') },
  50: { send: (id) => [50, 3, id, ...stock, 5, 'MIDPOINT', 1, ''], ends: withId('50|3|'), isSubscription: true },
  51: { send: (id) => [51, 1, id], ends: error(300) },
  52: { send: (id) => [52, 2, id, 0, 'TWX', 'STK', 'SMART', '', 'USD', '', 'ReportSnapshot', ''], ends: error(430) },
  53: { send: (id) => [53, 1, id], ends: 'none' },
  54: { send: (id) => [54, 2, id, ...option, 1.25, 70.5, ''], ends: withId('21|') },
  55: { send: (id) => [55, 2, id, ...option, 0.25, 70.5, ''], ends: withId('21|') },
  56: { send: (id) => [56, 1, id], ends: 'none' },
  57: { send: (id) => [57, 1, id], ends: 'none' },
  58: { send: () => [58, '', 2147483647], ends: 'none' },
  59: { send: () => [59, 1, 1], ends: 'none' },
  61: { send: () => [61, 1], ends: anonymous('62|1|') },
  62: { send: (id) => [62, 1, id, 'All', 'NetLiquidation,BuyingPower'], ends: withId('64|1|') },
  63: { send: (id) => [63, 1, id], ends: 'none' },
  64: { send: () => [64, 1], ends: 'none' },
  65: { send: () => [65, 1, 'a bot', '1.0'], ends: anonymous('66|1|') },
  66: { send: () => [66, 1, 'data'], ends: anonymous('66|1|') },
  67: { send: (id) => [67, 1, id], ends: withId('67|1|') },
  68: { send: (id) => [68, 1, id, 1], ends: withId('68|1|') },
  69: { send: (id) => [69, 1, id, '8314@SMART'], ends: 'none' },
  70: { send: (id) => [70, 1, id], ends: 'none' },
  71: { send: () => [71, 2, 1, ''], ends: anonymous('4|2|-1|321|') },
  72: { send: () => [72, 1, 'a bot', '1.0', 'key'], ends: anonymous('70|1|') },
  73: { send: () => [73, 1, 'data', 'response'], ends: anonymous('70|1|') },
  74: { send: (id) => [74, 1, id, 'DU0000000', ''], ends: withId('72|1|') },
  75: { send: (id) => [75, 1, id], ends: 'none' },
  76: { send: (id) => [76, 1, id, 'DU0000000', '', 1], ends: withId('74|1|') },
  77: { send: (id) => [77, 2, id], ends: 'none' },
  78: { send: (id) => [78, id, 'TWX', '', 'STK', 265598], ends: error(200) },
  79: { send: (id) => [79, id], ends: withId('77|') },
  80: { send: () => [80], ends: anonymous('78|') },
  81: { send: (id) => [81, id, 'TW'], ends: withId('79|') },
  82: { send: () => [82], ends: anonymous('80|') },
  83: { send: (id) => [83, id, '9c0001'], ends: withId('82|') },
  84: { send: (id) => [84, id, 'BZ', 'BZ$1', ''], ends: error(10_172) },
  85: { send: () => [85], ends: anonymous('85|') },
  86: { send: (id) => [86, id, 8314, 'BZ', '', '', 10, ''], ends: withId('87|') },
  87: { send: (id) => [87, id, ...stock, 0, 0, 'MIDPOINT', 2], ends: withId('88|') },
  88: { send: (id) => [88, id, ...stock, 0, 1, '3 days'], ends: withId('89|') },
  89: { send: (id) => [89, id], ends: 'none' },
  90: { send: (id) => [90, id], ends: 'none' },
  91: { send: () => [91, 26], ends: anonymous('93|26|') },
  92: { send: (id) => [92, id, 'DU0000000', ''], ends: withId('94|') },
  93: { send: (id) => [93, id], ends: 'none' },
  94: { send: (id) => [94, id, 'DU0000000', '', 8314], ends: withId('95|') },
  95: { send: (id) => [95, id], ends: 'none' },
  96: { send: (id) => [96, id, ...stock, 0, '20140605-13:30:00', '', 10, 'BID_ASK', 0, 0, ''], ends: withId('97|') },
  97: { send: (id) => [97, id, ...stock, 'BidAsk', 0, 0], ends: withId('99|'), isSubscription: true },
  98: { send: (id) => [98, id], ends: error(300) },
  99: { send: () => [99, 0], ends: anonymous('102|') },
  100: { send: (id) => [100, id], ends: error(10_276) },
  101: { send: (id) => [101, id], ends: 'none' },
  102: { send: (id) => [102, id, 8314, '', 0, 0, 0, '', '', ''], ends: error(10_276) },
  103: { send: (id) => [103, id], ends: 'none' },
  104: { send: (id) => [104, id], ends: withId('107|') },
}

/** Undefined for a message that nobody has thought of. */
export function sampleOf(id: number): Omit<SampleRequest, 'name'> | undefined {
  const sample = SAMPLES[id]
  if (!sample) return undefined
  const { ends } = sample
  return { ...sample, ends: typeof ends === 'object' && 'code' in ends ? { prefix: `4|2|#|${ends.code}|`, by: 'id' } : ends }
}

/** All numbers above. */
export const SAMPLED_IDS: readonly number[] = Object.keys(SAMPLES).map(Number)

/** What a frame begins with that ends the request with this id. */
export function endOf({ prefix }: { prefix: string }, reqId: number): string {
  return prefix.includes('#') ? prefix.replace('#', String(reqId)) : `${prefix}${reqId}|`
}
