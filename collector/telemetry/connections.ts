/** What several connections show as one: the best state of any of them, and the sums of their lines. */

import type { Connection as Parts } from '../connection.ts'
import { type Connection, CONNECTION_STATES, type ConnectionState, type ConnectionStatus, isConnected } from '../ib/link/connection.ts'
import type { BudgetFigures, HeldLine, LineBudget } from '../lines/budget.ts'
import type { EntitlementRow } from '../lines/entitlements.ts'
import type { LineCounts } from '../lines/line.ts'
import type { RotationCoverage } from '../lines/plan/state.ts'

/** What the pages read of connections, one or several. */
export interface ShownConnections {
  feed: { connection: Pick<Connection, 'state' | 'status' | 'has'>; port: number }
  coverage: { isHalted: boolean; silentMs: number | undefined | 'unwatched'; notices: { isAway: boolean } }
  supply: {
    lines: { wanted: number; marketData: LineCounts; tickByTick: LineCounts; limit: number | undefined }
    entitlements: { rows: readonly EntitlementRow[] }
  }
  budget: { figures: BudgetFigures; held: readonly (HeldLine & { gateway?: string })[] }
}

/** The best first. */
const BY_MERIT: readonly ConnectionState[] = ['ready', 'degraded', 'paused', ...CONNECTION_STATES]
/** What says most of the whole first. */
const STATES: readonly BudgetFigures['state'][] = ['rotating', 'limited', 'fitting', 'idle']

export function asOne(all: readonly Parts[]): ShownConnections {
  const [first] = all
  const connected = () => all.filter(({ feed }) => isConnected(feed.connection.state))
  return {
    feed: {
      connection: {
        get state() {
          return statusOf(all).state
        },
        get status() {
          return statusOf(all)
        },
        has: (name) => connected().length > 0 && connected().every(({ feed }) => feed.connection.has(name)),
      },
      get port() {
        return first?.feed.port ?? 0
      },
    },
    coverage: {
      get isHalted() {
        return all.every(({ coverage }) => coverage.isHalted)
      },
      get silentMs() {
        const silent = all.map(({ coverage }) => coverage.silentMs)
        return silent.reduce((least, one) => (one === undefined || least === undefined ? undefined : least < one ? least : one))
      },
      notices: {
        get isAway() {
          return connected().length > 0 && connected().every(({ coverage }) => coverage.notices.isAway)
        },
      },
    },
    supply: {
      lines: {
        get wanted() {
          return sum(all, ({ supply }) => supply.lines.wanted)
        },
        get marketData() {
          return sumEach(all.map(({ supply }) => supply.lines.marketData))
        },
        get tickByTick() {
          return sumEach(all.map(({ supply }) => supply.lines.tickByTick))
        },
        get limit() {
          if (all.every(({ supply }) => supply.lines.limit === undefined)) return undefined
          return sum(all, ({ supply, budget }) => supply.lines.limit ?? budget.figures.limit)
        },
      },
      entitlements: {
        get rows() {
          return joined(all.flatMap(({ supply }) => supply.entitlements.rows))
        },
      },
    },
    budget: {
      get figures() {
        return figuresOf(all.map(({ budget }) => budget))
      },
      get held() {
        return all.flatMap(({ name, budget }) => budget.held.map((line) => ({ ...line, gateway: name })))
      },
    },
  }
}

/** The reasons name the connections that are not as they should be. */
function statusOf(all: readonly Parts[]): ConnectionStatus {
  const states = all.map(({ feed }) => feed.connection.state)
  const state = BY_MERIT.find((one) => states.includes(one)) ?? 'stopped'
  const troubled = all.filter(({ feed }) => feed.connection.state !== 'ready')
  return {
    state,
    reasons: troubled.map(({ name, feed }) => [`${name}: ${feed.connection.state}`, ...feed.connection.status.reasons].join('; ')),
  }
}

function figuresOf(budgets: readonly LineBudget[]): BudgetFigures {
  const all = budgets.map(({ figures }) => figures)
  const covered = all.flatMap(({ coverage }) => coverage ?? [])
  return {
    state: STATES.find((state) => all.some((one) => one.state === state)) ?? 'idle',
    settings: all[0]?.settings,
    limit: sum(all, ({ limit }) => limit),
    available: sum(all, ({ available }) => available),
    pinned: sum(all, ({ pinned }) => pinned),
    coverage: covered.length === 0 ? undefined : coverageOf(covered),
    longestUnseenMs: Math.max(0, ...all.filter(({ coverage }) => coverage).map(({ longestUnseenMs }) => longestUnseenMs)),
    unseen: sum(all, ({ unseen }) => unseen),
    turns: sum(all, ({ turns }) => turns),
  }
}

/** Of those that take turns. */
function coverageOf(all: readonly RotationCoverage[]): RotationCoverage {
  return {
    contracts: sum(all, ({ contracts }) => contracts),
    core: sum(all, ({ core }) => core),
    edge: sum(all, ({ edge }) => edge),
    rotating: sum(all, ({ rotating }) => rotating),
    blocked: sum(all, ({ blocked }) => blocked),
    rotationLines: sum(all, ({ rotationLines }) => rotationLines),
    roundMs: Math.max(...all.map(({ roundMs }) => roundMs)),
    isKept: all.every(({ isKept }) => isKept),
    coreExpiries: sum(all, ({ coreExpiries }) => coreExpiries),
    expiries: sum(all, ({ expiries }) => expiries),
  }
}

function joined(rows: readonly EntitlementRow[]): EntitlementRow[] {
  const bySymbol = new Map<string, EntitlementRow>()
  for (const row of rows) {
    const key = `${row.symbol} ${row.kind}`
    const same = bySymbol.get(key)
    if (!same) bySymbol.set(key, { ...row, reasons: [...row.reasons] })
    else {
      for (const count of ['asked', 'live', 'delayed', 'partly', 'refused'] as const) same[count] += row[count]
      same.reasons.push(...row.reasons)
    }
  }
  return [...bySymbol.values()]
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0)
}

function sumEach(all: readonly LineCounts[]): LineCounts {
  const total: Record<string, number> = {}
  for (const counts of all) for (const [state, lines] of Object.entries(counts)) total[state] = (total[state] ?? 0) + lines
  return total as LineCounts
}
