/** Numbers of errors and notices. */

/** Errors and notices by IB's numbers. Those with id -1 reach @stoqey/ib clients as `info`. */
export const Code = {
  tooManyMessages: 100,
  tooManyLines: 101,
  /** History is asked for too often, or there is none. */
  historyRefused: 162,
  unknownContract: 200,
  orderRejected: 201,
  unknownTickerId: 300,
  unknownDepth: 310,
  /** The request could not be read. */
  badRequest: 320,
  /**
   * The request was read and makes no sense. Some clients take it for a warning and wait on, so that it is sent only for lists of generic
   * ticks, which nobody waits for, and where no id tells what was asked.
   */
  invalidRequest: 321,
  /** The request was read, and makes no sense or cannot be carried out. */
  failedRequest: 322,
  clientIdInUse: 326,
  /** Nobody subscribed to the data that was asked for. */
  notSubscribed: 354,
  unknownScanner: 365,
  unknownHistory: 366,
  noFundamentalData: 430,
  marketDataFarmOk: 2104,
  historyFarmOk: 2106,
  definitionFarmOk: 2158,
  depthUnsupported: 10_092,
  unknownOrder: 10_147,
  delayedShown: 10_167,
  noNewsArticle: 10_172,
  tickByTickUnsupported: 10_189,
  tooManyTickByTick: 10_190,
  newsNotAllowed: 10_276,
  implicitTimeZone: 2174,
  invalidTime: 10_314,
  /** Ours: what a real gateway never has to say. */
  endOfTape: 99_000,
} as const

/** The id of what belongs to no request. */
export const NO_REQUEST = -1

/** A paper account's name, so that no client takes it for real money. */
export const ACCOUNT = 'DU0000000'
