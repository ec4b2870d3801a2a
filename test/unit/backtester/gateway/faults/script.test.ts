/** What a fault script may say, and what is said about one that is wrong. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { FAULT_KINDS } from '../../../../../backtester/gateway/faults/kinds/index.ts'
import { faultScriptSchema, parseFaultScript, readFaultScript } from '../../../../../backtester/gateway/faults/script.ts'
import { packageRoot } from '../../../../../system/package-root.ts'

const DOCS = join(packageRoot(), 'docs')

/** What is wrong, line by line. */
function complaints(text: string): string[] {
  try {
    parseFaultScript(text, 'x.yaml')
  } catch (error) {
    expect(error).toMatchObject({ name: 'ConfigError', code: 'fault-script-invalid' })
    return (error as Error).message.split('\n')
  }
  return []
}

describe('a fault script', () => {
  it('is a list of faults, each at its moment', () => {
    const { faults } = parseFaultScript(
      `faults:
  - { kind: restart, seconds: 20 }
  - { kind: notice, code: 1100, at: 2014-06-05T14:00:00Z }
  - { kind: notice, code: 2110, afterMessages: 1000 }
  - { kind: half-open, secondsAfterConnect: 5, connection: 2 }
  - { kind: silence, of: usopt, afterTapeSeconds: 10, tapeSeconds: 5, everyTapeSeconds: 60, times: 3 }
`,
      'x.yaml',
    )
    expect(faults.map(({ no, kind, trigger, tapeSeconds, seconds }) => [no, kind.name, trigger, tapeSeconds ?? seconds])).toEqual([
      [1, 'restart', {}, 20],
      [2, 'notice', { atUs: Date.UTC(2014, 5, 5, 14) * 1000 }, undefined],
      [3, 'notice', { afterMessages: 1000 }, undefined],
      [4, 'half-open', { afterConnect: { seconds: 5, connection: 2 } }, 60],
      [5, 'silence', { afterTapeUs: 10_000_000 }, 5],
      [5, 'silence', { afterTapeUs: 70_000_000 }, 5],
      [5, 'silence', { afterTapeUs: 130_000_000 }, 5],
    ])
  })

  it('may be JSON', () => {
    expect(parseFaultScript('{"faults": [{"kind": "stall", "tapeSeconds": 16}]}', 'x.json').faults).toHaveLength(1)
  })

  it.each([
    ['lines', 'limit or others, one of them'],
    ['lines, limit: 60, others: 40', 'limit or others, one of them'],
    ['refuse, code: 162, tapeSeconds: 60, requests: [historical-data]', 'a text, as there is none for 162'],
    ['refuse, code: 162, history: pacing, tapeSeconds: 60', 'requests for history with code 162'],
    ['refuse, code: 354, history: pacing, requests: [historical-data]', 'code 162 with history'],
  ])('is refused as %s: expected %s', (fault, expected) => {
    expect(complaints(`faults:\n  - { kind: ${fault} }\n`).join('\n')).toContain(`expected ${expected}`)
  })

  it('that is wrong is told everything at once, each with its place', () => {
    expect(
      complaints(`faults:
  - { kind: explosion }
  - kind: notice
    code: high
  - kind: silence
    off: TWX
  - { kind: restart }
`),
    ).toEqual([
      '4 things are wrong in the fault script x.yaml:',
      `  x.yaml:2:13  faults[0].kind: expected ${FAULT_KINDS.map(({ name }) => name).join(', ')}, found "explosion"`,
      '  x.yaml:4:11  faults[1].code: expected a whole number from 1 to 99999, found "high"',
      expect.stringMatching(
        /^ {2}x\.yaml:6:10 {2}faults\[2\]\.off: silence has no such field; it has at, .*, of, feed, tapeSeconds, until$/,
      ),
      '  x.yaml:7:5  faults[3].seconds: expected seconds, more than 0 and at most 86400, found nothing',
    ])
  })

  it.each([
    ['', 'faults: expected a list of faults under this name, found nothing'],
    ['faults: restart', 'faults: expected a list of faults under this name, found "restart"'],
    ['faults: []', 'faults: expected a list of faults under this name, found a list'],
    ['faults: [restart]', 'faults[0]: expected a fault such as { kind: restart, seconds: 20 }, found "restart"'],
    ['{ faults: [{ kind: restart, seconds: 1 }], more: 1 }', 'more: expected nothing beside faults'],
    ['faults: [{ kind: restart, seconds: 1, at: noon }]', 'faults[0].at: expected a UTC time such as 2014-06-05T14:00:00Z, found "noon"'],
    [
      'faults: [{ kind: restart, seconds: 1, afterMessages: 1, afterTapeSeconds: 1 }]',
      'faults[0]: expected one of at, afterTapeSeconds, afterMessages and secondsAfterConnect',
    ],
    [
      'faults: [{ kind: restart, seconds: 1, at: 2014-06-05T14:00:00Z, everyTapeSeconds: 5, times: 10001 }]',
      'faults[0].times: expected a whole number from 2 to 10000, found 10001',
    ],
    ['faults: [{ kind: restart, seconds: 1, times: 2 }]', 'faults[0]: expected everyTapeSeconds and times together'],
    [
      'faults: [{ kind: restart, seconds: 1, times: 2, everyTapeSeconds: 5 }]',
      'faults[0]: expected at or afterTapeSeconds beside everyTapeSeconds and times',
    ],
    ['faults: [{ kind: restart, seconds: 1, connection: 2 }]', 'faults[0]: expected secondsAfterConnect beside connection'],
    ['faults: [{ kind: notice, code: 2103 }]', 'faults[0]: expected a farm, which 2103 names'],
    ['faults: [{ kind: notice, code: 399 }]', 'faults[0]: expected a text, as there is none for 399'],
    ['faults: [{ kind: notice, code: 1100, farm: usopt }]', 'faults[0]: expected farm only with one of 2103'],
    ['faults: [{ kind: notice, code: 1100, connected: [usopt] }]', 'faults[0]: expected connected and notConnected only with 1102'],
    ['faults: [{ kind: refuse, code: 399 }]', 'faults[0]: expected a text, as there is none for 399'],
    ['faults: [{ kind: silence, tapeSeconds: 5, until: asked-again }]', 'faults[0]: expected tapeSeconds or until, not both'],
    ['faults: [{ kind: slow }]', 'faults[0]: expected requestsPerSecond, bytesPerSecond or both'],
    [
      'faults: [{ kind: unanswered, requests: [orders] }]',
      /faults\[0\]\.requests\[0\]: expected names of requests: .*contract-details, .*tick-by-tick, found "orders"/,
    ],
    ['faults: [', 'this is not valid YAML'],
  ])('%j is refused', (text, complaint) => {
    const [first, ...others] = complaints(text)
    expect(first).toBe('One thing is wrong in the fault script x.yaml:')
    expect(others).toEqual([typeof complaint === 'string' ? expect.stringContaining(complaint) : expect.stringMatching(complaint)])
  })

  it('that is not there is refused with its name', async () => {
    await expect(readFaultScript('nowhere.yaml')).rejects.toThrow(
      'The fault script nowhere.yaml (given with --faults) cannot be read: it does not exist.',
    )
  })
})

describe('the documentation of fault scripts', () => {
  const text = readFileSync(join(DOCS, 'fault-scripts.md'), 'utf8')

  it('has the schema that the program goes by', () => {
    expect(JSON.parse(readFileSync(join(DOCS, 'fault-script.schema.json'), 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(faultScriptSchema())),
    )
  })

  it('describes every kind and every field', () => {
    for (const { name, fields } of FAULT_KINDS) {
      const section = text.split(`\n### ${name}\n`)[1]?.split('\n#')[0] ?? ''
      expect(section, name).not.toBe('')
      for (const field of Object.keys(fields)) expect(section, name).toContain(`\`${field}`)
    }
  })
})
