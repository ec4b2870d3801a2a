/** Fills a part of the market's time with ticks: page after page, each stored with the note that its request is answered. */

import { answeredSql, type BackfillStore } from '../../db/backfill/backfill-store.ts'
import type { HistorySession, HistorySessions } from '../../db/backfill/history-sessions.ts'
import { contractKey } from '../../market/contract.ts'
import type { HistoryRequests } from '../ib/history/over-link.ts'
import type { HistoryDesk } from './desk.ts'
import type { TicksJob } from './jobs.ts'
import { fetchTicks } from './ticks.ts'

interface FillOptions {
  history: HistoryRequests
  desk: HistoryDesk
  store: BackfillStore
  sessions: HistorySessions
  /** A request was answered, and so many ticks of it were stored. */
  onPage: (ticks: number, hadData: boolean) => void
}

/** @throws what `fetchTicks` throws, WriteError when the database refuses */
export async function fillTicks(job: TicksJob, { history, desk, store, sessions, onPage }: FillOptions): Promise<void> {
  const { instrumentId, what, fromUs, toUs } = job
  // What the gateway says of it besides, such as hours, but never of another one.
  const contract = contractKey(job.found) === contractKey(job.contract) ? job.found : job.contract
  const notesOf = (pageUs: number) => ({
    asked: () => store.asked({ instrumentId, series: what, seconds: undefined, fromUs: pageUs, toUs }),
    ended: (requestId: number, outcome: 'asked-again' | 'refused', reason: string) => store.ended(requestId, outcome, reason),
  })
  let session: HistorySession | undefined
  for await (const page of fetchTicks(job, { history, desk, contract: job.found, instrumentId, what, notesOf })) {
    const { ticks, isLast, answer } = page
    const { requestId, noData } = answer
    session ??= await sessions.begin({ contract, what, fromUs, toUs }, page.fromUs)
    const also = (sessionId: number) => answeredSql(requestId, { toUs: page.toUs, ticks: ticks.length, sessionId, noData })
    const stored = await session.store(ticks, { isLast, also })
    if (!stored) await store.answered(requestId, { toUs: page.toUs, ticks: 0, noData })
    job.requests++
    job.reachedUs = page.toUs
    onPage(stored?.ticks ?? 0, noData === undefined)
  }
}
