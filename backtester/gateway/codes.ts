/** Numbers of errors and notices. */

/** Errors and notices by IB's numbers. Those with id -1 reach @stoqey/ib clients as `info`. */
export const Code = {
  tooManyLines: 101,
  unknownContract: 200,
  unknownTickerId: 300,
  /** The request could not be read. */
  badRequest: 320,
  /** The request was read and makes no sense, or is not served. */
  invalidRequest: 321,
  /** The request makes sense and cannot be carried out. */
  failedRequest: 322,
  clientIdInUse: 326,
  marketDataFarmOk: 2104,
  historyFarmOk: 2106,
  definitionFarmOk: 2158,
  /** Ours: what a real gateway never has to say. */
  endOfTape: 99_000,
} as const

/** The id of what belongs to no request. */
export const NO_REQUEST = -1
