import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { REFUSALS } from '../../../../market/arbitrage/funnel.ts'
import { packageRoot } from '../../../../system/package-root.ts'

it('refuses for reasons that the documentation explains, in their order', () => {
  const text = readFileSync(join(packageRoot(), 'docs', 'arbitrage.md'), 'utf8')
  const section = text.split('\n## ').find((part) => part.startsWith('From a quote to an opportunity')) ?? ''
  const reasons = [...section.matchAll(/^\| (`.+?`) \|/gm)]
    .flatMap(([, names = '']) => names.split(' '))
    .map((name) => name.replaceAll('`', ''))
  expect(reasons).toEqual(REFUSALS)
})
