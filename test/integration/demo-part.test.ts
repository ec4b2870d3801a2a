import { expect, it } from 'vitest'

import { Part } from '../../backtester/demo/part.ts'

it('a part that dies while it writes an event fails by name, with what it had written of it', async () => {
  const half = `process.stdout.write('{"event":"listening","port":1}\\n{"event":"opportunity","id":"1-2'); setImmediate(() => process.kill(process.pid, 'SIGKILL'))`
  const part = new Part('collector', [process.execPath], ['-e', half])
  expect(await part.event('listening')).toEqual({ port: 1 })
  await expect(part.succeeded()).rejects.toThrow(
    'The collector ended with SIGKILL before its work was done. It said:\n{"event":"opportunity","id":"1-2',
  )
})

it('a part that lives and prints what is no event is ended, and named with what it printed', async () => {
  const part = new Part('replay gateway', [process.execPath], ['-e', "console.log('no event'); setInterval(() => undefined, 1000)"])
  await expect(part.event('listening')).rejects.toThrow(
    'The replay gateway ended with SIGKILL before its work was done. It said:\nno event',
  )
})
