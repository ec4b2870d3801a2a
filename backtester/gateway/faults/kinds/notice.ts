/** A notice of IB's, by its code: the link is lost or restored, a farm broke or works. What it says comes to nothing else. */

import { z } from 'zod'

import type { FaultKind } from '../fault.ts'
import { clientId, integer, text } from '../fields.ts'

const FIELDS = {
  code: integer(1, 99_999).describe('1100, 1101, 1102, 2103 and so on; any code with a text of its own.'),
  text: text().optional().describe("What it says; IB's words when absent."),
  farm: text('the name of a farm such as usopt').optional().describe('The farm that codes 2103 to 2108, 2157 and 2158 name.'),
  connected: farms().describe('The farms that 1102 lists as connected.'),
  notConnected: farms().describe('The farms that 1102 lists as not connected.'),
  clientId,
} as const

type Notice = z.output<z.ZodObject<typeof FIELDS>>

const FARMS = ['usfarm', 'usopt', 'ushmds', 'secdefil']
const FARM_TEXTS: Readonly<Record<number, string>> = {
  2103: 'Market data farm connection is broken:',
  2104: 'Market data farm connection is OK:',
  2105: 'HMDS data farm connection is broken:',
  2106: 'HMDS data farm connection is OK:',
  2107: 'HMDS data farm connection is inactive but should be available upon demand.',
  2108: 'Market data farm connection is inactive but should be available upon demand.',
  2157: 'Sec-def data farm connection is broken:',
  2158: 'Sec-def data farm connection is OK:',
}
const TEXTS: Readonly<Record<number, string>> = {
  1100: 'Connectivity between IBKR and Trader Workstation has been lost.',
  1101: 'Connectivity between IBKR and Trader Workstation has been restored - data lost.',
  2109:
    'Order Event Warning: Attribute "Outside Regular Trading Hours" is ignored based on the order type and destination. ' +
    'PlaceOrder is now being processed.',
  2110: 'Connectivity between Trader Workstation and server is broken. It will be restored automatically.',
}
const RESTORED = 1102

export const notice: FaultKind<Notice> = {
  name: 'notice',
  fields: FIELDS,
  describe: (fault) => `notice ${fault.code}, ${JSON.stringify(textOf(fault))}`,
  check(fault) {
    const { code, farm, connected, notConnected } = fault
    if (farm !== undefined && FARM_TEXTS[code] === undefined) return `farm only with one of ${Object.keys(FARM_TEXTS).join(', ')}`
    if ((connected ?? notConnected) !== undefined && code !== RESTORED) return 'connected and notConnected only with 1102'
    if (textOf(fault) !== undefined) return undefined
    return FARM_TEXTS[code] === undefined ? `a text, as there is none for ${code}` : `a farm, which ${code} names`
  },
  begin(fault, stage) {
    for (const client of stage.clients(fault.clientId)) client.notify(fault.code, textOf(fault) ?? '')
    return undefined
  },
}

function farms() {
  const error = 'a list of farms such as [usfarm, usopt]'
  return z.array(text(error), { error }).optional()
}

/** Undefined when the fields do not say it. */
function textOf({ code, text, farm, connected, notConnected = [] }: Notice): string | undefined {
  if (text !== undefined) return text
  const aboutFarm = FARM_TEXTS[code]
  if (aboutFarm !== undefined) return farm === undefined ? undefined : `${aboutFarm}${farm}`
  if (code !== RESTORED) return TEXTS[code]
  const there = (connected ?? FARMS.filter((name) => !notConnected.includes(name))).join('; ')
  const listed =
    notConnected.length === 0
      ? `All data farms are connected: ${there}.`
      : `The following farms are connected: ${there}. The following farms are not connected: ${notConnected.join('; ')}.`
  return `Connectivity between IBKR and Trader Workstation has been restored - data maintained. ${listed}`
}
