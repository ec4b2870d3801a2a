import { mkdir, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { hashOfFiles, strategyFiles } from '../../../../backtester/run/strategy-files.ts'
import { placeForTest } from '../../../support/process/command.ts'

describe('the files of a strategy', () => {
  const OWN = `import { size } from './lib/size.mjs'\nexport default { name: 'mine' }\n`
  const write = async (files: Readonly<Record<string, string>>) => {
    const { folder: place } = await placeForTest()
    const folder = join(place, 'a folder')
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
    return folder
  }
  const filesOf = async (folder: string, name = './mine.mjs') => strategyFiles(name, folder)

  it('are its own and what it imports by a path, through others, each once', async () => {
    const folder = await write({
      'mine.mjs': `${OWN}import z from 'zod'\nconst late = () => import("./lib/late.mjs")\nconst other = (name) => import(name)\n// import './not.mjs'`,
      'lib/size.mjs': `export * from '../mine.mjs'\nexport { one } from '../shared/one.ts'\nimport table from './table.json' with { type: 'json' }`,
      'lib/late.mjs': `import '../missing.mjs'`,
      'lib/table.json': '{ "a": "import \'../not.mjs\'" }',
      'shared/one.ts': `import type { Two } from '../../two.ts'\nexport const one = <T,>(value: T): T => value as T\n`,
      '../two.ts': 'export interface Two { a: Map<string, Array<number>> }',
      'not.mjs': '',
    })
    const files = await filesOf(folder)
    expect(files.map(({ name }) => name)).toEqual([
      'mine.mjs',
      '../two.ts',
      './lib/late.mjs',
      './lib/size.mjs',
      './lib/table.json',
      './shared/one.ts',
    ])
    expect(files[4]?.content.toString()).toContain('"a"')
  })

  it('have another hash when any of them has changed, and that of the file where it is alone', async () => {
    const hash = async (size: string, own = OWN) => hashOfFiles(await filesOf(await write({ 'mine.mjs': own, 'lib/size.mjs': size })))
    expect(await hash('export const size = 1')).toBe(await hash('export const size = 1'))
    expect(await hash('export const size = 1')).not.toBe(await hash('export const size = 2'))
    const alone = 'export default {}'
    expect(await hash('', alone)).toBe(createHash('sha256').update(alone).digest('hex'))
  })

  it('are none of one that comes along, of no file, and the file alone of what is no module', async () => {
    const folder = await write({ 'mine.mjs': 'import { from', 'old.cjs': `const { size } = require('./lib/size.cjs')` })
    expect([await filesOf(folder, 'z-score'), await filesOf(folder, './none.mjs')]).toEqual([[], []])
    expect(hashOfFiles([])).toBeUndefined()
    expect((await filesOf(folder)).map(({ name }) => name)).toEqual(['mine.mjs'])
    expect((await filesOf(folder, './old.cjs')).map(({ name }) => name)).toEqual(['old.cjs'])
  })
})
