/** The words, options and help of `tapedeck tape`. */

import type { Command } from 'commander'

import { examples, integerArgument, json, kindsArgument, listArgument, timeArgument } from './arguments.ts'

export function describeTape(program: Command) {
  const tape = program.command('tape').description('import and look at tape files')
  return {
    import: tape
      .command('import')
      .description('make a tape of quotes of option chains, and of quote bars, quotes and trades of stocks')
      .argument(
        '<sources...>',
        '*.csv of option quotes, <symbol>_<yyyymmdd>_<kind>.csv of a stock; kind: quote_1min, quote_tick, trade_tick; each also .gz',
      )
      .requiredOption('--out <file>', 'tape to write')
      .option('--date <yyyy-mm-dd>', 'only the rows of this day')
      .option('--attribution <text>', "whose data it is and under which terms; kept in the tape's header")
      .addOption(json())
      .addHelpText('after', examples('tapedeck tape import ibm_20131007_trade_tick.csv.gz --out ibm.tape')),
    info: tape
      .command('info')
      .description('what is on a tape')
      .argument('<file>')
      .addOption(json())
      .addHelpText('after', examples('tapedeck tape info tapes/twx-2014-06-05.tape')),
    verify: tape
      .command('verify')
      .description('check every checksum and the order of a tape')
      .argument('<file>')
      .addOption(json())
      .addHelpText('after', examples('tapedeck tape verify tapes/twx-2014-06-05.tape')),
    cat: tape
      .command('cat')
      .description('print the records of a tape as NDJSON')
      .argument('<file>')
      .option('--from <time>', 'first moment, UTC', timeArgument)
      .option('--to <time>', 'moment before which to end, UTC', timeArgument)
      .option('--symbols <symbols>', 'only these stocks and their options, by comma', listArgument)
      .option('--kinds <kinds>', 'only these kinds of records, by comma', kindsArgument)
      .option('--limit <n>', 'at most so many records', integerArgument(1, Number.MAX_SAFE_INTEGER))
      .addHelpText('after', examples('tapedeck tape cat tapes/twx-2014-06-05.tape --symbols TWX --limit 3')),
  }
}
