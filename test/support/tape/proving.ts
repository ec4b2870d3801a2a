/** A recording to be damaged and proved: records a session, changes it in the database, and names what its proof finds. */

import { join } from 'node:path'

import pg from 'pg'

import { journalOnDisk } from '../../../collector/journal/on-disk.ts'
import type { SessionProof } from '../../../db/verify/problems.ts'
import { type VerifyOptions, verifySessions } from '../../../db/verify/verify.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { folderForTest } from '../process/collecting.ts'
import { recordThroughJournal, type ThroughJournal } from './through-journal.ts'

export class Recording {
  readonly sessionId: number
  readonly #url: string
  readonly #admin: pg.Client
  readonly #dataDir: string

  private constructor(url: string, admin: pg.Client, sessionId: number, dataDir: string) {
    this.#url = url
    this.#admin = admin
    this.sessionId = sessionId
    this.#dataDir = dataDir
  }

  static async of(
    { url, admin, sessionId }: { url: string; admin: pg.Client; sessionId: number },
    records: readonly TapeRecord[],
    store?: ThroughJournal['store'],
  ): Promise<Recording> {
    const recording = new Recording(url, admin, sessionId, await folderForTest())
    await recordThroughJournal({ url, dataDir: recording.#dataDir, sessionId, records, ...(store && { store }) })
    return recording
  }

  async verify(options: Partial<VerifyOptions> = {}): Promise<SessionProof> {
    const proofs: SessionProof[] = []
    for await (const proof of verifySessions({ url: this.#url, query: { sessionId: this.sessionId }, ...options })) proofs.push(proof)
    const [first] = proofs
    if (!first) throw new Error('no session was proved')
    return first
  }

  /** Beside its journal, as while a collector records: nothing is put away. */
  async verifyInUse(): Promise<SessionProof> {
    const journal = await journalOnDisk(join(this.#dataDir, 'journal'))
    const blocks = async function* (id: number) {
      for await (const block of journal.blocks(id)) yield { ...block, isReleased: false }
    }
    return this.verify({ journal: { ...journal, blocks } })
  }

  async verifyWithJournal(): Promise<SessionProof> {
    return this.verify({ journal: await journalOnDisk(join(this.#dataDir, 'journal')) })
  }

  /** Of `:session`; something has to change. */
  async change(sql: string): Promise<void> {
    const { rowCount } = await this.#admin.query(sql.replaceAll(':session', String(this.sessionId)))
    if (!rowCount) throw new Error(`nothing was changed by ${sql}`)
  }
}

/** What was found, without the words. */
export function named({ problems }: SessionProof) {
  return problems.map(({ kind, batchNo, seq, toSeq, column }) =>
    Object.fromEntries(Object.entries({ kind, batchNo, seq, toSeq, column }).filter(([, value]) => value !== undefined)),
  )
}
