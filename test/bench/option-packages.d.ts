/** The option packages of npm that stand beside ours in the bench; they bring no types. `callPut` is `call` or `put`. */

declare module 'black-scholes' {
  export function blackScholes(spot: number, strike: number, years: number, volatility: number, rate: number, callPut: string): number
}

declare module 'implied-volatility' {
  export function getImpliedVolatility(
    price: number,
    spot: number,
    strike: number,
    years: number,
    rate: number,
    callPut: string,
    estimate?: number,
  ): number
}

declare module 'greeks' {
  type Greek = (spot: number, strike: number, years: number, volatility: number, rate: number, callPut: string) => number
  export const getDelta: Greek
  export const getVega: Greek
  export const getGamma: Greek
  export const getTheta: Greek
  export const getRho: Greek
}
