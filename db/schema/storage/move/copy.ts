/** Copies the rows that a plain table had when its move began, a range of blocks in each transaction. */

import type { Queryable } from '../objects.ts'
import { BEGIN } from '../../../transaction.ts'
import type { PlainTable } from './plain-table.ts'
import { type MoveState, MOVE_SCHEMA, readMove } from './state.ts'

/** A transaction is to take about so long: as much is done twice after a crash, and the mirror may wait for a chunk that it makes. */
const WINDOW_MS = 1000
const FIRST_BLOCKS = 256
const MOST_BLOCKS = 65_536

export interface CopyOptions {
  /** Called behind each window. */
  onWindow: (move: MoveState) => void
  signal: AbortSignal | undefined
  /** Blocks in a transaction, always. Absent: as many as take about a second. */
  windowBlocks: number | undefined
}

/** Returns false when the plain table was rewritten meanwhile, and the move is worth nothing. */
export async function copyRows(client: Queryable, plain: PlainTable, { onWindow, signal, windowBlocks }: CopyOptions): Promise<boolean> {
  let blocks = windowBlocks ?? FIRST_BLOCKS
  for (;;) {
    signal?.throwIfAborted()
    const startedMs = performance.now()
    const move = await copyWindow(client, plain, blocks)
    if (!move?.fits) return false
    onWindow(move)
    if (move.nextBlock >= move.blocks) return true
    const factor = Math.max(0.5, Math.min(2, WINDOW_MS / (performance.now() - startedMs)))
    blocks = windowBlocks ?? Math.max(1, Math.min(MOST_BLOCKS, Math.round(blocks * factor)))
  }
}

async function copyWindow(client: Queryable, { name, columns }: PlainTable, blocks: number): Promise<MoveState | undefined> {
  try {
    // While this lock is held, nobody rewrites the table: VACUUM FULL and CLUSTER give rows other places.
    await client.query(`${BEGIN}; LOCK TABLE ${MOVE_SCHEMA}.move IN EXCLUSIVE MODE; LOCK TABLE public.${name} IN ACCESS SHARE MODE`)
    const before = await readMove(client)
    if (!before?.fits || before.nextBlock >= before.blocks) return before
    const nextBlock = Math.min(before.nextBlock + blocks, before.blocks)
    const { rowCount } = await client.query(
      `INSERT INTO ${MOVE_SCHEMA}.${name} (${columns}) SELECT ${columns} FROM public.${name} AS t
       WHERE t.ctid >= '(${before.nextBlock},0)' AND t.ctid < '(${nextBlock},0)'
         AND NOT EXISTS (SELECT FROM ${MOVE_SCHEMA}.mirrored m WHERE m.xmin = t.xmin)`,
    )
    const rows = before.rows + (rowCount ?? 0)
    await client.query(`UPDATE ${MOVE_SCHEMA}.move SET next_block = ${nextBlock}, rows_copied = ${rows}`)
    await client.query('COMMIT')
    return { ...before, nextBlock, rows }
  } finally {
    // Behind a COMMIT it does nothing.
    await client.query('ROLLBACK').catch(() => undefined)
  }
}
