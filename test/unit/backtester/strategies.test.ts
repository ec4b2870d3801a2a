import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it, onTestFinished } from 'vitest'

import { loadStrategy, paramsOf } from '../../../backtester/run/load-strategy.ts'
import { STRATEGIES, unique } from '../../../backtester/strategies/index.ts'
import { skeleton } from '../../../backtester/strategies/skeleton.ts'

async function written(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-strategy-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { strategy, test } = skeleton(name)
  await writeFile(join(folder, `${name}.mjs`), strategy)
  await writeFile(join(folder, `${name}.test.mjs`), test)
  return folder
}

it('refuses two strategies of one name', () => {
  const [first] = STRATEGIES
  expect(() => unique([...STRATEGIES, first ?? expect.unreachable()])).toThrow(`Two strategies are named "${first?.name}".`)
  expect(unique(STRATEGIES)).toBe(STRATEGIES)
})

it('describes each parameter of each strategy that comes along', () => {
  for (const strategy of STRATEGIES) {
    const params = paramsOf(strategy)
    expect(params.length).toBeGreaterThan(0)
    for (const { about } of params) expect(about).toMatch(/^(needed|default .+); .+\.$/)
  }
})

it('begins a strategy that loads, with a test that passes as written', async () => {
  const folder = await written('mine')
  const { strategy, source } = await loadStrategy('./mine.mjs', folder)
  expect({ name: strategy.name, source }).toEqual({ name: 'mine', source: join(folder, 'mine.mjs') })
  expect(strategy.params.parse({})).toEqual({ rises: 3, quantity: 100, everySeconds: 60 })
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, VITEST: _vitest, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', 'mine.test.mjs'], { cwd: folder, env })
  expect(stdout).toMatch(/^# pass 2$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})

it('runs TypeScript where Node does, and says what to do where it does not', async () => {
  const folder = await written('mine')
  await writeFile(join(folder, 'mine.ts'), skeleton('mine').strategy)
  const loaded = await loadStrategy('mine.ts', folder).then(
    ({ strategy }) => strategy.name,
    (error: Error) => error.message,
  )
  if (Reflect.get(process.features, 'typescript')) expect(loaded).toBe('mine')
  else expect(loaded).toContain('does not run TypeScript. Use Node 22.18 or newer, or write the strategy in JavaScript (.mjs).')
})
