/** Lines that are open get nothing, and no word is said about it. What they have missed that still stands they get when it is over. */

import { z } from 'zod'

import type { FaultKind, Stage } from '../fault.ts'
import { tapeSeconds } from '../fields.ts'
import type { Mute } from '../../book/mute.ts'
import { chooseLines, describeLines, LINE_FIELDS, type LineChoice, lineNames } from '../lines.ts'

const FIELDS = {
  ...LINE_FIELDS,
  tapeSeconds: tapeSeconds.optional().describe('How long, in seconds of tape time; for good when absent.'),
  until: z
    .literal('asked-again', { error: 'asked-again' })
    .optional()
    .describe('`asked-again`: only the lines that are open now are silent, and stay so; one that is asked for anew works.'),
} as const

type Silence = z.output<z.ZodObject<typeof FIELDS>>

export const silence: FaultKind<Silence> = {
  name: 'silence',
  fields: FIELDS,
  describe: (fault) => `silence of ${describeLines(fault)}${fault.until === 'asked-again' ? ' until they are asked for again' : ''}`,
  check: ({ tapeSeconds, until }) => (tapeSeconds !== undefined && until !== undefined ? 'tapeSeconds or until, not both' : undefined),
  of: lineNames,
  begin(fault, stage) {
    const mute = fault.until === 'asked-again' ? muteOpen(chooseLines(fault), stage) : muteAll(chooseLines(fault))
    stage.sampler.mute(mute)
    // Who was silent to the end stays so.
    return { end: () => stage.sampler.unmute(mute, stage.nowUs), stop() {} }
  },
}

function muteAll(isChosen: LineChoice): Mute {
  return { silences: isChosen }
}

/** By identity: the same contract asked for again is another line. */
function muteOpen(isChosen: LineChoice, stage: Stage): Mute {
  const silent = new Set<object>()
  for (const { lines, tickLines, barLines } of stage.clients()) {
    for (const line of lines.values()) if (isChosen(line.book.listed, 'market-data')) silent.add(line)
    for (const line of tickLines.values()) if (isChosen(line.book.listed, 'tick-by-tick')) silent.add(line)
    for (const line of barLines.values()) if (isChosen(line.listed, 'bars')) silent.add(line)
  }
  return { silences: (_listed, _feed, line) => silent.has(line) }
}
