/** What `tapedeck verify` found, as text for a person. */

import type { SessionProof } from '../db/verify/problems.ts'
import { progressBar } from './terminal.ts'

export function formatProgress({ ticks, totalTicks, sessionId }: { ticks: number; totalTicks: number; sessionId: number }): string {
  return `${progressBar(ticks, totalTicks)}  session ${sessionId}  ${whole(ticks)} of ${whole(totalTicks)} ticks`
}

export function formatProof(proof: SessionProof): string {
  const {
    sessionId,
    batches,
    ticks,
    records,
    withoutChecksum,
    dropped,
    pending,
    comparedWithJournal,
    hash,
    ended,
    problems,
    problemCount,
    doubts,
  } = proof
  const verdict = problemCount === 0 ? 'whole' : `${whole(problemCount)} ${problemCount === 1 ? 'problem' : 'problems'}`
  const journal = comparedWithJournal > 0 ? `, ${whole(comparedWithJournal)} compared with the journal` : ''
  return [
    `session ${sessionId}: ${whole(batches)} batches, ${whole(records)} records, ${whole(ticks)} ticks${journal}: ${verdict}`,
    ...(hash === undefined ? [] : [`  hash ${hash}${ended ? '' : ' so far: the session goes on'}`]),
    ...(withoutChecksum > 0
      ? [`  ${whole(withoutChecksum)} batches have no checksum, as an earlier version wrote them: only their counts were compared`]
      : []),
    ...(dropped > 0
      ? [`  ${whole(dropped)} batches began before what was dropped on purpose (db drop-before, retention): only their markers are proved`]
      : []),
    ...(pending > 0 ? [`  ${whole(pending)} batches are in the journal and not in the database yet`] : []),
    ...problems.map(({ kind, message }) => `  ${kind}: ${message}`),
    ...(problems.length < problemCount ? [`  ... and ${whole(problemCount - problems.length)} more`] : []),
    ...doubts.map(({ message }) => `  in doubt: ${message}`),
  ].join('\n')
}

/** @param elsewhere sessions that only the journal knows */
export function formatTotals(proofs: readonly SessionProof[], elsewhere: readonly number[]): string {
  const broken = proofs.filter(({ problemCount }) => problemCount > 0).length
  return [
    `${whole(proofs.length)} ${proofs.length === 1 ? 'session' : 'sessions'}: ${broken === 0 ? 'all whole' : `${whole(broken)} with problems`}`,
    ...(elsewhere.length > 0
      ? [
          `The journal has sessions that this database knows nothing of: ${elsewhere.join(', ')}. They were recorded into another one, or deleted`,
          'here; `tapedeck verify --session` with their number compares them.',
        ]
      : []),
  ].join('\n')
}

const whole = (count: number) => count.toLocaleString('en-US')
