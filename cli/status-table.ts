/** The status of a collector as a table of at most 80 columns. */

import { alignColumns, wrapText } from '../system/text-table.ts'
import type { Status } from '../collector/telemetry/status.ts'

const WIDTH = 80
const LABELS = 16

/** `nowMs`: of this machine, for how long ago things were. */
export function formatStatus(status: Status, nowMs: number): string {
  const { session, gateway, lines, tickByTick, messages, journal, database, gaps } = status
  const ago = (iso: string) => `${duration(nowMs - Date.parse(iso))} (since ${second(iso)})`
  const rows: [string, string[]][] = [
    ['Tapedeck', [`${status.version}, Node ${status.node.slice(1)}, process ${status.pid} on ${status.host}`, status.dataDir]],
    ['Running for', [ago(status.runningSince)]],
    ['Ready', status.notReady.length === 0 ? ['yes: data is recorded and reaches the database'] : ['NO', ...status.notReady]],
    ['Session', [session ? String(session.id) : 'none: the time is not known yet']],
    ['Market time', [session ? `${second(session.marketTime)}, by ${session.clock === 'wall' ? 'this machine' : 'the gateway'}` : '-']],
    ['Gateway', gatewayTexts(status, ago)],
    ['Lines', [`${whole(lines.open)} open of ${whole(lines.wanted)} wanted, at most ${lineLimit(lines)}`, ...shortcomings(lines, gateway)]],
  ]
  if (tickByTick.wanted > 0)
    rows.push([
      'Tick by tick',
      [
        `${tickByTick.open} open of ${tickByTick.wanted} wanted`,
        ...shortcomings({ asked: tickByTick.wanted - tickByTick.open - tickByTick.refused, refused: tickByTick.refused }, gateway),
      ],
    ])
  rows.push(
    ['Stock sizes', stockSizes(status.stockSizes)],
    ['Messages', [`${whole(messages.perSecond)} a second, ${whole(messages.total)} in all`, ...lastTick(status.data)]],
    ...tickRows(status.ticks),
    ['Lag', [status.lagMs === null ? 'nothing committed yet' : `${whole(Math.round(status.lagMs))} ms from socket to commit`]],
    [
      'Journal',
      [
        `${bytes(journal.bytes)} in ${counted(journal.segments, 'segment')}, at most ${bytes(journal.limitBytes)}`,
        `${counted(journal.batches, 'batch', 'batches')} waiting for the database`,
      ],
    ],
    ['Database', [database.server ?? 'not reached yet', ...answer(database, journal.batches, (iso) => duration(nowMs - Date.parse(iso)))]],
    [
      'Gaps',
      [
        ...(gaps.total > 0 ? [whole(gaps.total)] : []),
        ...(gaps.total + gaps.open.length === 0 ? ['none'] : []),
        ...gaps.open.map(
          (gap) => `open since ${second(gap.from)}${gap.lines === undefined ? '' : `, ${counted(gap.lines, 'line')}`}: ${gap.cause}`,
        ),
        ...gaps.last.map((gap) => `${second(gap.from)} to ${second(gap.to)}: ${gap.cause}`),
      ],
    ],
    ['Entitlements', entitlements(status.entitlements)],
  )
  return rows
    .flatMap(([label, texts]) =>
      texts.flatMap((text) => wrapText(text, WIDTH - LABELS)).map((line, i) => `${(i === 0 ? label : '').padEnd(LABELS)}${line}`.trimEnd()),
    )
    .join('\n')
}

/** Each gateway by itself, where there are several. */
function gatewayTexts({ gateway, gateways }: Status, ago: (iso: string) => string): string[] {
  if (!gateways) return [`${gateway.host}:${gateway.port}, client id ${gateway.clientId}`, ...connection(gateway, ago)]
  return gateways.flatMap(({ gateway: name, clientId, state, isGone, connectedSince, fault, hindrances, open, available }) => [
    `${name}, client id ${clientId}: ${whole(open)} of ${whole(available)} lines`,
    connectedSince === null ? `not connected${fault === null ? '' : `: ${fault}`}` : `connected for ${ago(connectedSince)}`,
    ...(state === 'ready' ? [] : [STATES[state]]),
    ...hindrances,
    ...(isGone ? ['its contracts are with the others'] : []),
  ])
}

function connection(
  { state, connectedSince, disconnectedSince, reconnects, fault, hindrances }: Status['gateway'],
  ago: (iso: string) => string,
): string[] {
  const again = reconnects > 0 ? `, ${counted(reconnects, 'failed or lost connection')}` : ''
  if (connectedSince !== null)
    return [`connected for ${ago(connectedSince)}${again}`, ...(state === 'ready' ? [] : [STATES[state]]), ...hindrances]
  const since = disconnectedSince === null ? '' : ` for ${ago(disconnectedSince)}`
  return [`${state === 'stopped' ? 'stopped' : `not connected${since}`}${again}${fault === null ? '' : `: ${fault}`}`, STATES[state]]
}

const STATES: Readonly<Record<Status['gateway']['state'], string>> = {
  connecting: 'connecting',
  handshaking: 'handshaking: the gateway has accepted the connection and says nothing yet',
  ready: 'ready',
  degraded: 'degraded: some market data cannot come',
  paused: 'paused: another session of the user has the market data',
  waiting: 'waiting for the gateway (it restarts, or is not logged in); the next attempt follows',
  stopped: 'stopped',
}

/** Market data is what counts; an answer of the gateway proves only the connection. */
function lastTick({ lastTick, expected, silentMs }: Status['data']): string[] {
  if (lastTick === null) return ['no market data yet']
  const silent = silentMs === null ? '' : `; none on any line for ${duration(silentMs)}`
  return [`last market data ${second(lastTick)}${expected ? silent : '; none is expected now'}`]
}

function lineLimit({ limit, learnedLimit }: Status['lines']): string {
  return `${whole(limit)}${learnedLimit === null ? '' : `; the gateway has ${whole(learnedLimit)}`}`
}

/** In shares or in lots, and how that is known. */
function stockSizes({ setting, known, advice }: Status['stockSizes']): string[] {
  if (known.length === 0)
    return [setting === 'detect' ? 'unit not known yet: too little was seen of US stocks' : `in ${setting}, by the settings`]
  const units = known.map(
    ({ of, unit, how, doubted }) => `${of} in ${unit}${how === 'stated' ? ' (stated)' : ''}${doubted ? ', DOUBTED' : ''}`,
  )
  return [units.join('; '), ...advice]
}

/** The counts that are not 0. */
function shortcomings(
  counts: Partial<Record<'silent' | 'asked' | 'withoutLine' | 'paused' | 'refused', number>>,
  { connectedSince }: Status['gateway'],
): string[] {
  const asked = connectedSince === null ? 'waiting for the connection' : 'asked for'
  const words = { silent: 'silent', asked, withoutLine: 'waiting for a line', paused: 'paused', refused: 'refused' }
  const some = Object.entries(words).flatMap(([name, text]) => {
    const lines = counts[name as keyof typeof words] ?? 0
    return lines > 0 ? [`${whole(lines)} ${text}`] : []
  })
  return some.length > 0 ? [some.join(', ')] : []
}

function tickRows({ received, written, quarantined, dropped, inFlight }: Status['ticks']): [string, string[]][] {
  const reasons = Object.entries(dropped)
  const lost = reasons.reduce((sum, [, ticks]) => sum + ticks, 0)
  const width = whole(received).length
  const row = (label: string, ticks: number, more = ''): [string, string[]] => [label, [`${whole(ticks).padStart(width)}${more}`]]
  return [
    row('Ticks received', received),
    row('  written', written),
    row('  quarantined', quarantined),
    row('  dropped', lost, lost > 0 ? `  ${reasons.map(([reason, ticks]) => `${reason} ${whole(ticks)}`).join(', ')}` : ''),
    row('  in flight', inFlight),
  ]
}

function answer(database: Status['database'], batches: number, age: (iso: string) => string): string[] {
  const { missingRows } = database
  const gone = missingRows ? [`${counted(missingRows, 'committed row')} GONE: somebody deleted or truncated them, or dropped a chunk`] : []
  return [...commits(database, batches, age), ...gone]
}

function commits({ answering, lastCommit, fault }: Status['database'], batches: number, age: (iso: string) => string): string[] {
  if (answering === null) return ['nothing written yet']
  const last = lastCommit === null ? 'no commit yet' : `last commit ${age(lastCommit)} ago`
  if (answering) return [batches > 0 ? last : `takes ticks, ${last}`]
  return [`does not take ticks, ${last}; they wait in the journal: ${fault ?? 'no reason known'}`]
}

function entitlements(rows: Status['entitlements']): string[] {
  if (rows.length === 0) return ['not known yet']
  const head = ['', 'asked', 'live', 'delayed', 'partly', 'refused']
  const table = alignColumns([head, ...rows.map((row) => [`${row.symbol} ${row.kind}`, ...figures(row)])])
  const reasons = new Set(rows.flatMap(({ reasons }) => reasons.map(({ code, text }) => (code === undefined ? text : `${code}: ${text}`))))
  return [...table.split('\n'), ...reasons]
}

const figures = (row: Status['entitlements'][number]) =>
  [row.asked, row.live, row.delayed, row.partly, row.refused].map((lines, i) =>
    whole(lines).padStart(['asked', 'live', 'delayed', 'partly', 'refused'][i]?.length ?? 0),
  )

const whole = (value: number) => value.toLocaleString('en-US')
const counted = (value: number, one: string, many = `${one}s`) => `${whole(value)} ${value === 1 ? one : many}`
/** `2014-06-05T13:30:00Z` */
const second = (iso: string) => `${iso.slice(0, 19)}Z`

function bytes(value: number): string {
  if (value < 10_000) return `${whole(value)} bytes`
  const [size, unit] = value < 2 ** 20 ? [value / 2 ** 10, 'KiB'] : value < 2 ** 30 ? [value / 2 ** 20, 'MiB'] : [value / 2 ** 30, 'GiB']
  return `${size.toFixed(unit === 'KiB' ? 0 : 1)} ${unit}`
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60]
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
