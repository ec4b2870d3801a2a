import { describe, expect, it } from 'vitest'

import { createReload } from '../../../config/reload.ts'
import type { TapedeckConfig } from '../../../config/schema.ts'
import { ConfigError } from '../../../market/errors.ts'
import { settings } from '../../support/process/config.ts'

/** A command that runs with the first of these files; each further one is what stands there when it is read again. */
function running(first: string) {
  const log: unknown[] = []
  const note = (level: string) => (details: object, message: string) => void log.push([level, message.replace(/.*; /, ''), details])
  const applied: number[] = []
  let file = first
  let refuse = ''
  const reload = createReload({
    started: settings({ yaml: first }),
    read: () => settings({ yaml: file }),
    apply: (config: TapedeckConfig) => {
      if (refuse) throw new ConfigError(refuse, { code: 'refused' })
      applied.push(config.gateway.lines)
    },
    log: { info: note('info'), warn: note('warn'), error: note('error') },
  })
  return {
    applied,
    read: async (yaml: string, refusal = '') => {
      file = yaml
      refuse = refusal
      await reload()
      return log.splice(0)
    },
  }
}

describe('a configuration that is read again', () => {
  it('is taken over as far as that goes, and says so', async () => {
    const { applied, read } = running('gateway: { lines: 10 }')
    expect(await read('gateway: { lines: 20 }')).toEqual([['info', 'configuration read again', { applied: ['gateway.lines'] }]])
    expect(await read('gateway: { lines: 20 }')).toEqual([['info', 'nothing has changed', { applied: [] }]])
    expect(await read('gateway: { lines: 10 }')).toEqual([['info', 'configuration read again', { applied: ['gateway.lines'] }]])
    expect(applied).toEqual([20, 10])
  })

  it('says every time what waits for a restart, until that is taken back', async () => {
    const { applied, read } = running('')
    const needRestart = ['gateway.port']
    for (const lines of [10, 11])
      expect(await read(`gateway: { port: 4001, lines: ${lines} }`)).toEqual([
        ['warn', 'some of what has changed needs a restart', { applied: ['gateway.lines'], needRestart }],
      ])
    expect(await read('gateway: { lines: 11 }')).toEqual([['info', 'nothing has changed', { applied: [] }]])
    expect(applied).toEqual([10, 11])
  })

  it('changes nothing with a mistake in it, and all of it when that is mended', async () => {
    const { applied, read } = running('gateway: { lines: 10 }')
    expect(await read('gateway: { lines: 20, prot: 1 }\nlog: { level: loud }')).toEqual([
      ['error', 'the settings stay as they were', { problems: expect.stringMatching(/^2 settings are wrong:/) }],
    ])
    expect(await read('gateway: { lines: 20 }', 'There is no such rule.')).toEqual([
      ['error', 'the settings stay as they were', { problems: 'There is no such rule.' }],
    ])
    expect(applied).toEqual([])
    expect(await read('gateway: { lines: 20 }')).toEqual([['info', 'configuration read again', { applied: ['gateway.lines'] }]])
    expect(applied).toEqual([20])
  })
})
