import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { segmentName } from '../../../../collector/journal/directory.ts'
import { recoverJournal } from '../../../../collector/journal/recovery.ts'
import { encodeFileHead } from '../../../../db/tape/file-layout.ts'
import { blockOf, contractRecord, quoteRecord, temporaryFolder } from '../../db/tape/tape-support.ts'

it('a segment of an earlier format is set aside whole, with what to do about it', async () => {
  const folder = await temporaryFolder()
  const bytes = Buffer.concat([
    encodeFileHead({ source: 'collector', sessionId: 7 }),
    blockOf([contractRecord(1), quoteRecord(2)], 1, 0, 1),
  ])
  bytes.writeUInt32LE(1, 8)
  await writeFile(join(folder, segmentName(7, 1)), bytes)
  const { sessions, damaged } = await recoverJournal(folder)

  expect(sessions).toEqual([])
  expect(damaged).toMatchObject([{ reason: expect.stringMatching(/of format 1; .*the version of tapedeck that wrote it/) }])
  expect(await readFile(damaged[0]?.setAsideTo ?? '')).toEqual(bytes)
})
