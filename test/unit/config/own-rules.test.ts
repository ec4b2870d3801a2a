import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadRules } from '../../../config/own-rules.ts'
import { loadConfig } from '../../../config/load.ts'
import { ConfigError } from '../../../market/errors.ts'
import { RULES } from '../../../market/rules/index.ts'
import { packageRoot } from '../../../system/package-root.ts'
import { folderWith, problems } from '../../support/process/config.ts'
import { RulesAtWork, tradeOf } from '../../support/rules.ts'

const PLAIN =
  "name: 'own', about: 'x', severity: 'error', disposition: 'quarantine', kinds: ['trade'], create: () => ({ check: () => ({ reason: 'seen' }) })"

/** The rules of this configuration, with these files beside it. */
function load(yaml: string, files: Record<string, string>) {
  const cwd = folderWith(yaml)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
  return loadRules(loadConfig({ cwd, env: { HOME: '/home/pat' }, asRoot: false }).config.rules)
}

async function refusal(text: string, yaml = 'rules: { own: { file: own.mjs } }'): Promise<string> {
  const refused = load(yaml, { 'own.mjs': text })
  await expect(refused).rejects.toBeInstanceOf(ConfigError)
  return refused.then(String, (error: Error) => error.message.replaceAll(/\/\S*\/(?=own|other)/g, ''))
}

describe('a rule of the user', () => {
  it('as CONTRIBUTING shows it is loaded, judges by its settings, and stands behind the others', async () => {
    const contributing = readFileSync(join(packageRoot(), 'CONTRIBUTING.md'), 'utf8')
    const [, module = ''] = /^```js\n(export default \{.*?^\}\n)```/ms.exec(contributing) ?? []
    const [, yaml = ''] = /^```yaml\n(rules:\n {2}large-trade.*?)```/ms.exec(contributing) ?? []
    expect(module.trim().split('\n')).toHaveLength(10)

    const { rules, settings } = await load(yaml, { 'large-trade.mjs': module })
    expect(rules.map(({ name }) => name)).toEqual([...RULES.map(({ name }) => name), 'large-trade'])
    expect(settings['large-trade']).toMatchObject({ severity: 'warning', disposition: 'flag', mostShares: 5000 })

    const atWork = new RulesAtWork([])
    atWork.validator.configure({ rules, settings })
    expect(atWork.verdictOn(tradeOf(1, 5001))?.findings).toEqual([
      { rule: 'large-trade', severity: 'warning', disposition: 'flag', reason: '5001 shares are more than 5000' },
    ])
    expect(atWork.verdictOn(tradeOf(1, 5000))).toBeUndefined()
  })

  it('may do without settings of its own', async () => {
    const { settings } = await load('rules: { own: { file: ./own.mjs, disposition: flag } }', { 'own.mjs': `export default { ${PLAIN} }` })
    expect(settings['own']).toMatchObject({ severity: 'error', disposition: 'flag' })
  })

  it('is named in what is recorded, with the path of its file', async () => {
    const { settings } = await load('rules: { own: { file: own.mjs } }', { 'own.mjs': `export default { ${PLAIN} }` })
    expect(settings['own']).toMatchObject({ file: expect.stringMatching(/^\/.*\/own\.mjs$/) })
  })

  it('that was mended since it was read last is read again', async () => {
    const cwd = folderWith('rules: { own: { file: own.mjs } }')
    const read = () => loadRules(loadConfig({ cwd, env: { HOME: '/home/pat' }, asRoot: false }).config.rules)
    writeFileSync(join(cwd, 'own.mjs'), 'export default {')
    await expect(read()).rejects.toThrow('does not load')
    writeFileSync(join(cwd, 'own.mjs'), `export default { ${PLAIN} }`)
    expect((await read()).rules.at(-1)?.name).toBe('own')
  })

  it.each([
    ['export default {', 'own.mjs does not load as an ES module: '],
    ["throw new Error('not today')", 'own.mjs does not load as an ES module: not today'],
    ['export const rule = {}', 'own.mjs is not the shape of a rule: default export: expected a default export with the shape of a rule'],
    ['export default { }', 'name: expected a name in kebab-case; about: expected a sentence that says what it finds; severity: expected'],
    [`export default { ${PLAIN}, name: 'Own' }`, 'name: expected a name in kebab-case'],
    [`export default { ${PLAIN}, kinds: ['bar'] }`, 'kinds.0: expected one of quote, trade, greeks, statistic'],
    [`export default { ${PLAIN}, create: 1 }`, 'create: expected a function that returns { check }'],
    [`export default { ${PLAIN}, create: () => undefined }`, 'own.mjs: expected create to return { check }'],
    [
      `export default { ${PLAIN}, name: 'other' }`,
      'expected a rule named own in own.mjs, found one named other; use one name in both places',
    ],
    [`export default { ${PLAIN}, name: 'crossed-quote' }`, 'expected a rule named own in own.mjs, found one named crossed-quote'],
  ])('is refused for %s', async (text, reason) => {
    const message = await refusal(text)
    expect(message).toMatch(/^A rule of yours cannot be used:\n {2}rules\.own: /)
    expect(message).toContain(reason)
  })

  it('is refused when its file is not there, when its settings are wrong, and when its name stands for something else, all at once', async () => {
    const yaml = 'rules: { own: { file: own.mjs, most: 1 }, other: { file: other.mjs }, rule-error: { file: own.mjs } }'
    const lines = (await refusal(`export default { ${PLAIN} }`, yaml)).split('\n')
    expect(lines).toEqual([
      '3 rules of yours cannot be used:',
      '  rules.own: its settings are wrong: there is no setting most',
      '  rules.other: expected an ES module in other.mjs, found no such file',
      '  rules.rule-error: rule-error stands for something else in verdicts; give the rule another name',
    ])
  })
})

describe('a name under `rules` that is none', () => {
  it('is told from a rule of the user by the file that is missing', () => {
    expect(problems({ yaml: 'rules: { own-rule: { most: 1 }, crossed-qote: off }' })).toEqual([
      expect.stringMatching(
        /^tapedeck\.yaml:1:10 {2}rules\.own-rule: there is no such setting; known here: illegal-price, .*; a rule of your own names its file$/,
      ),
      'tapedeck.yaml:1:33  rules.crossed-qote: there is no such setting; did you mean crossed-quote?',
    ])
  })

  it('is no other than that of the program where the file is given for it', () => {
    expect(problems({ yaml: 'rules: { crossed-quote: { file: x.mjs }, own: { file: [] } }' })).toEqual([
      'tapedeck.yaml:1:27  rules.crossed-quote.file: crossed-quote is a rule of the program; give yours another name',
      'tapedeck.yaml:1:55  rules.own.file: expected the path of a file, found a list',
    ])
  })
})
