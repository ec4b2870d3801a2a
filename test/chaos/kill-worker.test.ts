/** An experiment over two machines, one of which is killed in the middle of a trial. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'
import { expectDone, type Place, placeForTest } from '../support/process/command.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const TRIALS = 6
const TAKEN = "SELECT count(*)::int AS n FROM tapedeck_jobs.job WHERE state = 'active'"
const STORED = "SELECT count(*)::int AS n FROM runs WHERE experiment = 'both'"
const TAKEN_OVER_WITHIN_MS = 60_000

/** Each trial takes two seconds, and one of them fails. */
async function slowStrategy(place: Place): Promise<string> {
  const path = join(place.folder, 'slow.mjs')
  const body = `create(context, { n }) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000)
    if (n === 3) throw new Error('three is too many')
    let left = n
    return { onQuote({ instrument }) { if (left-- > 0) context.orders.submit({ type: 'market', side: 'buy', instrument, quantity: 1 }) } }
  }`
  await writeFile(path, `export default { name: 'slow', version: '1', params: (z) => z.strictObject({ n: z.int() }), ${body} }`)
  return path
}

forEachEdition('an experiment over two machines', ({ createDatabase }) => {
  it('has each trial once, and those of a machine that was killed within a minute', async () => {
    const place = await placeForTest()
    const url = await createDatabase()
    const start = (...args: string[]) => place.tapedeck(['experiment', ...args], { DATABASE_URL: url })
    const count = async (sql: string) => (await ask<{ n: number }>(url, sql))[0]?.n ?? 0
    const strategy = await slowStrategy(place)
    const space = `n=${Array.from({ length: TRIALS }, (_, i) => i + 1).join()}`
    const options = ['--strategy', strategy, '--tape', SHIPPED, '--param', space, '--objective', 'fills', '--queue', '--json']
    const coordinator = start('grid', 'both', ...options)
    const waiting =
      "SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'tapedeck_jobs' AND tablename LIKE 'j%' AND length(tablename) > 20"
    await coordinator.until('the trials are queued', async () => (await count(waiting)) > 0)

    const [killed, survivor] = [start('work', 'both', '--workers', '1', '--json'), start('work', 'both', '--workers', '1', '--json')]
    await survivor.until('both are at a trial', async () => (await count(TAKEN)) === 2)
    killed.child.kill('SIGKILL')
    const killedMs = performance.now()
    const before = await count(STORED)
    expect(before).toBeLessThan(TRIALS - 1)

    expectDone(await coordinator.ended)
    expect(performance.now() - killedMs).toBeLessThan(TAKEN_OVER_WITHIN_MS)
    const worked = await survivor.ended
    const { trials, failed } = JSON.parse(worked.stdout) as { trials: number; failed: number }
    expect([(await killed.ended).code, worked.code, trials, failed]).toEqual(['SIGKILL', 0, TRIALS - before, 1])
    const rows = await ask<{ n: number; status: string; fills: number }>(
      url,
      `SELECT (params->>'n')::int AS n, status, (metrics->>'fills')::int AS fills FROM runs WHERE experiment = 'both' ORDER BY 1`,
    )
    expect(rows.map(({ n, status }) => [n, status])).toEqual(
      Array.from({ length: TRIALS }, (_, i) => [i + 1, i + 1 === 3 ? 'failed' : 'complete']),
    )
    expect(rows.map(({ fills }) => fills)).toEqual([1, 2, 0, 4, 5, 6])
  })
})
