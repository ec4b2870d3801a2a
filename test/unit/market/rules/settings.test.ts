import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RULES } from '../../../../market/rules/index.ts'
import { defineRule } from '../../../../market/rules/rule.ts'
import { defaultSettings, rulesSchema } from '../../../../market/rules/settings.ts'

const picky = defineRule({
  name: 'picky',
  about: 'Finds fault.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote'],
  settings: { most: z.number({ error: 'a number' }).default(7).describe('Most that it bears.') },
  create: ({ most }) => ({ check: ({ bidPrice = 0 }) => (bidPrice > most ? { reason: `${bidPrice} is above ${most}` } : undefined) }),
})

describe('the settings of the rules', () => {
  it('are those of each rule, by its name, and off', () => {
    const schema = rulesSchema([picky, { ...picky, name: 'other' }])
    expect(schema.parse({ other: 'off' })).toEqual({ picky: { severity: 'warning', disposition: 'flag', most: 7 }, other: 'off' })
    expect(schema.parse({ picky: { most: 1, severity: 'error', disposition: 'quarantine' } })).toMatchObject({
      picky: { severity: 'error', disposition: 'quarantine', most: 1 },
    })
  })

  it.each([
    [{ picky: 'on' }, 'off, or a section of settings'],
    [{ picky: { most: 'a lot' } }, 'a number'],
    [{ picky: { severity: 'bad' } }, 'info, warning or error'],
    [{ picky: { disposition: 'drop' } }, 'flag or quarantine'],
    [{ picky: { least: 1 } }, 'least'],
    [{ pickyy: {} }, 'pickyy'],
  ])('refuse %o and say what is expected: %s', (given, expected) => {
    const { error } = rulesSchema([picky]).safeParse(given)
    expect(JSON.stringify(error?.issues)).toContain(expected)
  })

  it('have a default for everything that a rule brings', () => {
    for (const { name, severity, disposition } of RULES) expect(defaultSettings(RULES)[name]).toMatchObject({ severity, disposition })
  })
})
