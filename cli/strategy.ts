/** `tapedeck strategy`: the strategies that come along, and the begin of one's own. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Command } from 'commander'

import { examples, json } from './arguments.ts'
import { print, printJson } from './output.ts'
import { ConfigError } from '../market/errors.ts'

export function addStrategy(program: Command): void {
  const strategy = program
    .command('strategy')
    .description('list strategies, and begin one of your own')
    .addHelpText('after', examples('tapedeck strategy list', 'tapedeck strategy new mine'))

  strategy
    .command('list')
    .description('list the strategies that come along, and what they take')
    .addOption(json())
    .addHelpText('after', examples('tapedeck strategy list'))
    .action(list)

  strategy
    .command('new')
    .description('write a strategy that works, and its test')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .option('--folder <folder>', 'where to (default: here)', '.')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('tapedeck strategy new mine', 'tapedeck strategy new mine --folder strategies')}\n\nThe test runs with: node --test mine.test.mjs`,
    )
    .action(create)
}

async function list(options: { json?: boolean }): Promise<void> {
  const { STRATEGIES } = await import('../backtester/strategies/index.ts')
  const { paramsOf } = await import('../backtester/run/load-strategy.ts')
  const { formatStrategies } = await import('./strategy-report.ts')
  const strategies = STRATEGIES.map((strategy) => ({ name: strategy.name, version: strategy.version, params: paramsOf(strategy) }))
  if (options.json) printJson(strategies)
  else print(formatStrategies(strategies))
}

async function create(name: string, { folder, json: asJson }: { folder: string; json?: boolean }): Promise<void> {
  const { skeleton } = await import('../backtester/strategies/skeleton.ts')
  const { STRATEGIES } = await import('../backtester/strategies/index.ts')
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw new ConfigError(`expected a name of lower-case letters, digits and dashes, found ${JSON.stringify(name)}.`, {
      code: 'strategy-name',
    })
  if (STRATEGIES.some((strategy) => strategy.name === name))
    throw new ConfigError(`${name} comes along already. Give yours another name.`, { code: 'strategy-name' })
  const texts = skeleton(name)
  const files = { strategy: join(folder, `${name}.mjs`), test: join(folder, `${name}.test.mjs`) }
  await write(files.strategy, texts.strategy)
  await write(files.test, texts.test)
  if (asJson) printJson(files)
  else print(`${files.strategy}\n${files.test}: node --test ${files.test}`)
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    const found =
      cause.code === 'EEXIST' ? 'is there already' : cause.code === 'ENOENT' ? 'cannot be written: its folder is not there' : undefined
    if (found === undefined) throw cause
    throw new ConfigError(`${path} ${found}. Choose another name or --folder.`, { code: 'strategy-file', cause })
  })
}
