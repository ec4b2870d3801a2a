/** What a start that fails leaves behind. A recording itself is tested with a gateway and a database. */

import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { folderForTest, startCollecting } from '../../support/process/collecting.ts'

/** Listens on the port (0: any free one) for a moment, and returns which it was. */
const listenOn = (port: number) =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as AddressInfo
      server.close(() => resolve(address.port))
    })
  })

it('leaves its port to others, and so lets the process end, when it cannot write down where it answers', async () => {
  const dataDir = await folderForTest()
  await mkdir(join(dataDir, 'collector.address'))
  const port = await listenOn(0)
  const { summary } = await startCollecting({
    dataDir,
    port: 1,
    databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
    metrics: { host: '127.0.0.1', port },
  })

  await expect(summary).rejects.toThrow('EISDIR')
  expect(await listenOn(port)).toBe(port)
})
