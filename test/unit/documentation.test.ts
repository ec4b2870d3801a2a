/** Checks that every file and folder that the documentation names exists. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'

const root = packageRoot()
const ROOMS = ['market', 'cli', 'config', 'system', 'db', 'collector', 'backtester', 'tapes', 'test', 'docs']
const PATH = new RegExp(`(?<![\\w./-])(?:${ROOMS.join('|')})/[\\w./-]*`, 'g')

const inFolder = (folder: string) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
const FILES = ['README.md', 'CONTRIBUTING.md', ...inFolder('docs'), ...inFolder('tapes')].filter((file) => file.endsWith('.md'))

/** Names of all files in the rooms. */
const names = new Set(
  ROOMS.flatMap((room) => readdirSync(join(root, room), { recursive: true, withFileTypes: true })).map(({ name }) => name),
)

/** Paths from the root, in text and in blocks, without the full stop of a sentence. A path with a placeholder is cut before it. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(PATH)].map(([path]) => path.replace(/[.-]+$/, ''))
}

/** Targets of links, from the root. */
function linksIn(text: string, file: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !target.includes('://'))
    .map((target) => join(dirname(file), target))
}

/** Names of files without a folder, as in `tick-types.ts`. */
function filesIn(text: string): string[] {
  return [...text.matchAll(/`([\w.-]+\.(?:ts|mjs|sql))`/g)].map(([, name = '']) => name)
}

it.each(FILES)('%s names only files and folders that are there', (file) => {
  const text = readFileSync(join(root, file), 'utf8')
  expect([...pathsIn(text), ...linksIn(text, file)].filter((path) => !existsSync(join(root, path)))).toEqual([])
  expect(filesIn(text).filter((name) => !names.has(name) && !existsSync(join(root, name)))).toEqual([])
})

it('finds the paths of a text', () => {
  const text = 'See `cli/status.ts`, db/schema/migrations/<n>.sql and [this](docs/x.md#a). Run test/e2e. Not a.b/market/x or `tick.ts`.'
  expect([pathsIn(text), linksIn(text, 'docs/y.md'), filesIn(text)]).toEqual([
    ['cli/status.ts', 'db/schema/migrations/', 'docs/x.md', 'test/e2e'],
    ['docs/docs/x.md'],
    ['tick.ts'],
  ])
})

it('explains only messages that the log may hold', () => {
  const section = readFileSync(join(root, 'docs', 'operating.md'), 'utf8')
    .split('\n## ')
    .find((part) => part.startsWith('What the log says'))
  // Before the part of a message that differs.
  const messages = [...(section ?? '').matchAll(/^\| `([^`…]+)/gm)].map(([, message = '']) => message.trimEnd())
  const sources = ['cli', 'collector']
    .flatMap((room) => readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(root, room, name)))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(path, 'utf8'))
  expect(messages.length).toBeGreaterThan(5)
  expect(messages.filter((message) => !sources.some((text) => text.includes(message)))).toEqual([])
})
