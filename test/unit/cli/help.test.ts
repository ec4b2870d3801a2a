/** The help of every command, out of the program itself: starting it for each of some sixty commands would take a minute. */

import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'

import { buildProgram } from '../../../cli/program.ts'

/** The text of every command, by the words that call it. */
function helpOf(command: Command, words: string[] = []): Map<string, string> {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  const below = command.commands.flatMap((one) => [...helpOf(one, [...words, one.name()])])
  return new Map([[words.join(' '), text], ...below])
}

describe('help', () => {
  const help = helpOf(buildProgram())

  it('is there for every command that there is to be', () => {
    expect([...help.keys()]).toEqual(
      expect.arrayContaining(['', 'collect', 'config show', 'db migrate', 'db psql', 'db url', 'demo', 'tape cat']),
    )
  })

  it.each([...help])('of "%s" fits into 80 columns and has examples of commands that exist', (command, text) => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    const examples = text.split('\nExamples:\n')[1] ?? ''
    expect(examples).toContain(`  tapedeck ${command}`.trimEnd())
    for (const [, example = ''] of examples.matchAll(/^ {2}tapedeck ((?:\w+ ?)+)/gm))
      expect(
        [...help.keys()].some((known) => known !== '' && example.startsWith(known)),
        example,
      ).toBe(true)
  })
})
