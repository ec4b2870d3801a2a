// Loaded into a process with `node --import`: on SIGUSR2 it collects its garbage and prints how much memory is left, as an event.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

process.on('SIGUSR2', () => {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.stdout.write(`${JSON.stringify({ event: 'memory', heapUsed, external, rss })}\n`)
})
