/** The queue of an experiment: who may use it, and that a trial is in it once. Machines that are killed are in test/chaos/kill-worker.test.ts. */

import type pg from 'pg'
import PgBoss from 'pg-boss'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Trial } from '../../backtester/experiments/trial.ts'
import { removeQueue, TrialQueue } from '../../backtester/experiments/trial-queue.ts'
import { applyRoles, planRoles, roleNames } from '../../db/operate/roles.ts'
import { connectClient } from '../../db/pool.ts'
import { runResult } from '../support/backtest/run-result.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { unexpected } from '../support/unexpected.ts'

const trial: Trial = { phase: 'search', params: { n: 1 }, settings: runResult().settings }
const queued = ['a', 'b'].map((letter) => ({ trial: { ...trial, params: { letter } }, key: letter.repeat(64) }))

forEachEdition('the queue of experiments', ({ createTapeDatabase }) => {
  const names = roleNames(`queue${Math.trunc(performance.timeOrigin % 1e9).toString(36)}`)
  let url: string
  let owner: pg.Client
  let queue: TrialQueue
  beforeAll(async () => {
    url = await createTapeDatabase()
    owner = await connectClient(url)
  })
  afterAll(async () => {
    await queue.close()
    for (const role of Object.values(names))
      await owner.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await owner.end()
  })

  const as = async (role: keyof typeof names) => {
    const client = await connectClient(url)
    await client.query(`SET SESSION AUTHORIZATION ${names[role]}`)
    return client
  }

  it('is made by the owner, holds each trial once, and gives one that was given back again', async () => {
    await expect(TrialQueue.open(owner, 'work', unexpected)).rejects.toMatchObject({ code: 'experiment-queue' })
    queue = await TrialQueue.open(owner, 'own', unexpected)
    await queue.begin('wide')
    await queue.begin('wide')
    await queue.add('wide', queued)
    await queue.add('wide', queued)
    const first = await queue.take('wide')
    const second = await queue.take('wide')
    expect(new Set([first?.key, second?.key])).toEqual(new Set(queued.map(({ key }) => key)))
    expect(queued).toContainEqual({ trial: first?.trial, key: first?.key })
    expect(await queue.take('wide')).toBeUndefined()
    await queue.add('wide', queued)
    expect(await queue.take('wide')).toBeUndefined()
    expect(await queue.look('wide')).toEqual({ taken: 2, lost: [] })
    await queue.giveBack('wide', [first?.id ?? ''])
    expect((await queue.take('wide'))?.key).toBe(first?.key)
    expect(await queue.waiting()).toEqual([])
    await queue.done('wide', first?.id ?? '')
    expect(await queue.look('wide')).toEqual({ taken: 1, lost: [] })
  })

  it('gives a trial again however often it was given back, and names one as lost that ended four machines', async () => {
    await queue.begin('deadly')
    await queue.add('deadly', queued.slice(0, 1))
    expect(await queue.waiting()).toEqual(['deadly'])
    const machineEnds = new PgBoss({ db: { executeSql: async (text, values) => owner.query(text, values) }, schema: 'tapedeck_jobs' })
    for (let times = 0; times < 10; times++) {
      const taken = await queue.take('deadly')
      expect(taken?.key).toBe(queued[0]?.key)
      // As an expired job of pg-boss.
      if (times < 6) await queue.giveBack('deadly', [taken?.id ?? ''])
      else await machineEnds.fail('deadly', taken?.id ?? '')
    }
    expect(await queue.take('deadly')).toBeUndefined()
    expect(await queue.look('deadly')).toEqual({ taken: 0, lost: [queued[0]?.key] })
    await removeQueue(owner, 'deadly')
    await removeQueue(owner, 'deadly')
    expect(await queue.experiments()).toEqual(['wide'])
  })

  it('lets a writer work and a reader not, and neither make a queue', async () => {
    await applyRoles(owner, names)
    expect(await planRoles(owner, names)).toEqual([])
    await queue.begin('later')
    await queue.add('later', queued)
    const [writer, reader] = [await as('writer'), await as('reader')]
    const work = await TrialQueue.open(writer, 'work', unexpected)
    const taken = await work.take('later')
    await work.renew('later', [taken?.id ?? ''])
    await work.done('later', taken?.id ?? '')
    expect((await work.take('later'))?.key).not.toBe(taken?.key)
    await expect(work.begin('mine')).rejects.toMatchObject({ code: 'experiment-role' })
    await expect(TrialQueue.open(reader, 'work', unexpected)).rejects.toMatchObject({ code: 'experiment-role' })
    await work.close()
    await Promise.all([writer.end(), reader.end()])
  })
})
