import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Diagnostic {
  code: string
  filename: string
}

/** Lints `folder` with the configuration that lies in it. */
function lint(folder: string): Diagnostic[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), '--format', 'json'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  expect(stderr).toBe('')
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] }
  expect(status).toBe(diagnostics.length > 0 ? 1 : 0)
  return diagnostics
}

const importing = (specifier: string) => `import { x } from '${specifier}'\nexport const y = x\n`
const IMPORTS = 'eslint(no-restricted-imports)'
const waiting = (call: string) => `import { expect, vi } from 'vitest'\nexport const waited = [vi, expect, ${call}]\n`
const WAIT = 'house(no-hasty-wait)'

/** File, its text, and the rule that must report it. */
const violations: [path: string, text: string, code: string][] = [
  ['market/imports-db.ts', importing('../db/pool.ts'), IMPORTS],
  ['market/rules/imports-config.ts', importing('../../config/load.ts'), IMPORTS],
  ['market/imports-the-front-door.ts', importing('../tapedeck.ts'), IMPORTS],
  ['market/imports-node.ts', importing('node:fs'), IMPORTS],
  ['market/imports-a-package.ts', importing('rxjs'), IMPORTS],
  ['market/imports-a-similar-name.ts', importing('zod-x'), IMPORTS],
  ['market/imports-types.ts', "import type { X } from '../db/pool.ts'\nexport type Y = X\n", IMPORTS],
  ['market/imports-late.ts', "export const late = () => import('../db/pool.ts')\n", IMPORTS],
  ['market/re-exports.ts', "export * from '../db/pool.ts'\n", IMPORTS],
  ['market/reads-the-clock.ts', 'export const now = () => Date.now()\n', 'eslint(no-restricted-properties)'],
  ['market/reads-the-date.ts', 'export const now = () => new Date()\n', 'house(no-ambient-date)'],
  ['market/rolls-dice.ts', 'export const roll = () => Math.random()\n', 'eslint(no-restricted-properties)'],
  ['market/waits.ts', 'export const wait = (f: () => void) => setTimeout(f, 1)\n', 'eslint(no-restricted-globals)'],
  ['market/measures.ts', 'export const now = () => performance.now()\n', 'eslint(no-restricted-globals)'],
  ['config/imports-collector.ts', importing('../collector/topology.ts'), IMPORTS],
  ['config/imports-db.ts', importing('../db/pool.ts'), IMPORTS],
  ['system/imports-db.ts', importing('../db/pool.ts'), IMPORTS],
  ['system/imports-collector.ts', importing('../collector/topology.ts'), IMPORTS],
  ['cli/imports-ib.ts', importing('@stoqey/ib'), IMPORTS],
  ['cli/imports-tests.ts', importing('../test/support/x.ts'), IMPORTS],
  ['cli/imports-the-front-door.ts', importing('../tapedeck.ts'), IMPORTS],
  ['db/imports-cli.ts', importing('../cli/terminal.ts'), IMPORTS],
  ['market/imports-system.ts', importing('../system/abort.ts'), IMPORTS],
  ['db/imports-config.ts', importing('../config/load.ts'), IMPORTS],
  ['db/tape/imports-collector.ts', importing('../../collector/recorder.ts'), IMPORTS],
  ['db/imports-ib.ts', importing('@stoqey/ib'), IMPORTS],
  ['collector/imports-backtester.ts', importing('../backtester/engine/engine.ts'), IMPORTS],
  ['collector/imports-config.ts', importing('../config/load.ts'), IMPORTS],
  ['collector/imports-ib.ts', importing('@stoqey/ib'), IMPORTS],
  ['collector/ib/imports-backtester.ts', importing('../../backtester/gateway/server.ts'), IMPORTS],
  ['backtester/imports-collector.ts', importing('../collector/recorder.ts'), IMPORTS],
  ['backtester/gateway/imports-ib.ts', importing('@stoqey/ib/dist/index.js'), IMPORTS],
  ['backtester/imports-tests.ts', importing('../test/support/x.ts'), IMPORTS],
  ['tapedeck.ts', importing('@stoqey/ib'), IMPORTS],
  ['db/exports-by-default.ts', 'export default 1\n', 'import(no-default-export)'],
  ['db/keeps-a-variable.ts', 'let open = 0\nexport const next = () => ++open\n', 'house(no-module-state)'],
  ['db/keeps-a-cache.ts', 'export const cache = new Map<string, number>()\n', 'house(no-module-state)'],
  ['db/keeps-a-list.ts', 'export const seen: string[] = []\n', 'house(no-module-state)'],
  ['market/circle-a.ts', "import type { B } from './circle-b.ts'\nexport interface A {\n  b: B\n}\n", 'import(no-cycle)'],
  ['market/circle-b.ts', "import type { A } from './circle-a.ts'\nexport interface B {\n  a: A\n}\n", 'import(no-cycle)'],
  ['db/is-long.ts', 'export {}\n'.repeat(451), 'eslint(max-lines)'],
  ['test/unit/waits-for.test.ts', waiting('vi.waitFor(() => 1)'), WAIT],
  ['test/unit/waits-until.test.ts', waiting('vi.waitUntil(() => true)'), WAIT],
  ['test/unit/polls.test.ts', waiting('expect.poll(() => 1).toBe(1)'), WAIT],
  ['test/unit/polls-often.test.ts', waiting('expect.poll(() => 1, { interval: 5 }).toBe(1)'), WAIT],
  ['db/forgets-a-promise.ts', 'export function f(): void {\n  Promise.resolve(1)\n}\n', 'typescript(no-floating-promises)'],
]

const allowed: [path: string, text: string][] = [
  ['market/contract.ts', 'export const x = 1\n'],
  ['market/rules/index.ts', importing('../contract.ts')],
  ['market/rules/settings.ts', importing('zod').replace('{ x }', '{ z as x }')],
  ['config/load.ts', `import { parse } from 'yaml'\n${importing('../market/contract.ts')}export const p = parse\n`],
  ['db/pool.ts', `import { hostname } from 'node:os'\n${importing('../market/contract.ts')}export const h = hostname\n`],
  ['system/lock.ts', `import { hostname } from 'node:os'\n${importing('../market/contract.ts')}export const l = hostname\n`],
  ['cli/collect.ts', importing('../db/pool.ts').replace('{ x }', '{ h as x }')],
  ['db/table.ts', "export const ports = new Map([[7496, 1]])\nexport const names = ['a']\n"],
  ['collector/recorder.ts', importing('../db/pool.ts').replace('{ x }', '{ h as x }')],
  ['collector/ib/session.ts', importing('@stoqey/ib').replace('{ x }', '{ IBApi as x }')],
  ['backtester/replay/clock.ts', importing('../../db/pool.ts').replace('{ x }', '{ h as x }')],
  ['test/unit/any.test.ts', importing('../../collector/ib/session.ts').replace('{ x }', '{ y as x }')],
  ['test/support/waiting.ts', 'export const PATIENTLY = { timeout: 9000 }\n'],
  ['test/unit/waits.test.ts', `import { PATIENTLY } from '../support/waiting.ts'\n${waiting('vi.waitFor(() => 1, PATIENTLY)')}`],
  ['test/unit/waits-longer.test.ts', waiting('vi.waitUntil(() => true, { timeout: 20_000 })')],
]

describe('the lint rules of the house', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-lint-'))
  let diagnostics: Diagnostic[] = []

  beforeAll(() => {
    for (const path of ['.oxlintrc.json', 'tsconfig.json', 'test/support/house-rules.mjs'])
      cpSync(join(root, path), join(folder, path), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const [path, text] of [...violations, ...allowed]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    diagnostics = lint(folder)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const codes = (path: string) => diagnostics.filter((d) => d.filename === path).map((d) => d.code)

  it.each(violations)('refuse %s', (path, _text, code) => {
    expect(codes(path)).toContain(code)
  })

  it.each(allowed)('let %s pass', (path) => {
    expect(codes(path)).toEqual([])
  })

  it('find no forbidden import, no circle, no ambient clock, no module state and no hasty wait in this tree', () => {
    const rule = /^(house|eslint\(no-restricted|import\(no-cycle)/
    const found = lint(root).filter(({ code }) => rule.test(code))
    expect(found.map(({ code, filename }) => `${filename}: ${code}`)).toEqual([])
    // The whole tree, beside whatever else this machine does.
  }, 300_000)
})
