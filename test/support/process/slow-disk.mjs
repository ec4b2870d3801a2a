/**
 * A disk whose syncs take long for as long as a file is there, to be preloaded into a collector (`--import`). SLOW_DISK is JSON: `flag`, the
 * path of that file, and `longestMs`, up to which each sync waits.
 */

import fs from 'node:fs'
import promises from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const { flag, longestMs } = JSON.parse(process.env.SLOW_DISK ?? '{}')

const probe = await promises.open('.', 'r')
const handles = Object.getPrototypeOf(probe)
await probe.close()
const { datasync } = handles

handles.datasync = async function () {
  if (fs.existsSync(flag)) await sleep(Math.random() * longestMs)
  return datasync.call(this)
}
