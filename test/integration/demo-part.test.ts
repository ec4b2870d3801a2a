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
