/** What a report on quality cannot say of its days. Better a sentence than a figure that looks like knowledge. */

import type { QualityReport } from './report.ts'

type Known = Pick<QualityReport, 'days' | 'contracts' | 'chains' | 'sizeUnits'>

export function unknowns({ days, contracts, chains, sizeUnits }: Known): string[] {
  const sentences: string[] = []
  const empty = days.filter(({ state }) => state === 'nothing-recorded')
  if (empty.length > 0)
    sentences.push(
      `Nothing was recorded on ${counted(empty.length, 'trading day')} (${listed(empty.map(({ date }) => date))}): no collector ran, or nothing was wanted. What was missed is not known.`,
    )
  const withoutLine = contracts.filter(({ expectedUs }) => expectedUs === undefined)
  if (withoutLine.length > 0)
    sentences.push(
      `${counted(withoutLine.length, 'contract-day')} ${withoutLine.length === 1 ? 'has' : 'have'} ticks and no line, such as ${withoutLine[0]?.key} on ${withoutLine[0]?.date}: what was wanted is not known, so there is no grade.`,
    )
  const symbols = [...new Set(chains.map(({ symbol }) => symbol))]
  if (symbols.length > 0)
    sentences.push(`The chain of ${listed(symbols)} was not known for a time: how many options are missing from this report is not known.`)
  const unnoted = sizeUnits.filter(({ isUnknown }) => isUnknown)
  if (unnoted.length > 0)
    sentences.push(
      `Whether sizes of US stocks are shares or lots was not noted in ${ofSessions(unnoted)}: volumes and sizes of quotes may be in either.`,
    )
  const doubted = sizeUnits.filter(({ isDoubted }) => isDoubted)
  if (doubted.length > 0) sentences.push(`The data speaks against the stated unit of the sizes of US stocks in ${ofSessions(doubted)}.`)
  const isExpired = expiredOn(contracts)
  if (isExpired > 0)
    sentences.push(
      `${counted(isExpired, 'option')} expired in these days. What was not recorded of them cannot be had any more: IB has no history of expired options.`,
    )
  return sentences
}

/** Options whose expiry is one of their recorded days, or the Saturday behind it. */
function expiredOn(contracts: QualityReport['contracts']): number {
  const last = contracts.at(-1)?.date ?? ''
  return new Set(contracts.filter(({ kind, key }) => kind === 'option' && expiryOf(key) <= last).map(({ key }) => key)).size
}

/** `option:TWX:USD:TWX:2014-06-21:C:70:100` */
const expiryOf = (key: string) => key.split(':')[4] ?? ''
const ofSessions = (sessions: readonly { sessionId: number }[]) =>
  `${counted(sessions.length, 'session')} (${listed(sessions.map(({ sessionId }) => String(sessionId)))})`
const counted = (value: number, one: string) => `${value.toLocaleString('en-US')} ${value === 1 ? one : `${one}s`}`

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
