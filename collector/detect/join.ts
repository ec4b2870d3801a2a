/**
 * Joins the parts of the room: records -> queue, turns -> engine -> episodes -> the board, the metrics, the database, the webhook. No policy
 * here: each part says in its file what it does.
 */

import type { Registry } from 'prom-client'

import { Arbitrage, type ArbitrageOptions } from '../../market/arbitrage/arbitrage.ts'
import type { Detector } from '../../market/arbitrage/detector.ts'
import { DETECTORS } from '../../market/arbitrage/detectors/index.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Funnel } from '../../market/arbitrage/funnel.ts'
import type { ParitySample } from '../../market/arbitrage/parity.ts'
import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Events } from '../telemetry/events/index.ts'
import { EpisodeBoard } from './board.ts'
import { DerivedRows } from './derived-rows.ts'
import { Detection } from './detection.ts'
import { createDetectionMetrics } from './metrics.ts'
import { type ArbitragePage, arbitragePage } from './page.ts'
import { Webhook, type WebhookSettings } from './webhook.ts'

export type EpisodeListener = ArbitrageOptions['onEpisode']

export interface DetectSettings {
  arbitrage: ArbitrageSettings
  webhook?: WebhookSettings | undefined
  /** Other detectors than all there are. */
  detectors?: readonly Detector[]
}

export interface DetectStore {
  /** Episodes that are over. */
  opportunities: (found: readonly { episode: Episode; settings: object }[]) => Promise<void>
  parity: (found: readonly { sessionId: number; sample: ParitySample }[]) => Promise<void>
}

export interface JoinDetectOptions {
  version: string
  recorder: Recorder
  events: Events
  registry: Registry
  /** Absent: the detectors are off. */
  detect: DetectSettings | undefined
  /** Stores what was found, all of it or nothing, once the database is prepared. */
  store: DetectStore
  /** Is told of every change. */
  onEpisode?: EpisodeListener | undefined
  /** Aborted: nothing is waited for any more. */
  giveUp: AbortSignal
}

export interface Detect {
  page: () => ArbitragePage
  /** Undefined: no detectors run. */
  totals: () => { funnel: Funnel; passed: number } | undefined
  /** The database can be asked. */
  prepared: () => void
  /** Resolves when everything that was recorded is looked at and what was found is stored, or given up. */
  finish: () => Promise<void>
}

export function joinDetect(options: JoinDetectOptions): Detect {
  const { version, recorder, detect } = options
  const board = new EpisodeBoard()
  const session = () => (recorder.recording ? { id: recorder.sessionId, marketTimeUs: recorder.nowUs } : undefined)
  const running = detect && run(options, detect, board)
  return {
    page: () => arbitragePage({ version, session, detection: running?.shown(), board }),
    totals: () => running?.totals(),
    prepared: () => {
      running?.opportunities.prepared()
      running?.parity.prepared()
    },
    finish: async () => running?.finish(),
  }
}

function run(
  options: JoinDetectOptions,
  { arbitrage: settings, webhook: posting, detectors = DETECTORS }: DetectSettings,
  board: EpisodeBoard,
) {
  const { recorder, events, registry, store, onEpisode, giveUp } = options
  const opportunities = new DerivedRows({ name: 'opportunities', store: store.opportunities, events, giveUp })
  const parity = new DerivedRows({ name: 'samples of parity', store: store.parity, events, giveUp })
  const webhook = posting && new Webhook({ settings: posting, events, nowMs: Date.now })
  const listen: EpisodeListener = (change, episode) => {
    board.take(change, episode)
    if (change === 'opened') webhook?.opened(episode)
    if (change === 'closed') {
      metrics.closed(episode)
      opportunities.add({ episode, settings })
    }
    onEpisode?.(change, episode)
  }
  let engine: Arbitrage | undefined
  const detection: Detection = new Detection({
    createEngine: () => {
      engine = new Arbitrage({
        detectors,
        settings,
        onEpisode: listen,
        onParity: (sample, sessionId) => parity.add({ sessionId, sample }),
        onDetectorError: (detector, error) => events.detectorFailed({ detector, error }),
      })
      return engine
    },
    events,
    onFailed: () => board.forgetOpen(),
    onTurn: (lagMs) => metrics.turn(lagMs),
  })
  const funnel = () => engine?.funnel
  const metrics = createDetectionMetrics(registry, {
    funnel,
    board,
    state: () => detection.state,
    queued: () => detection.queued,
    passed: () => detection.passed,
    leftOut: () => opportunities.leftOut,
  })
  recorder.subscribe((record, sessionId) => detection.take(record, sessionId))
  const totals = () => {
    const counted = funnel()
    return counted && { funnel: counted, passed: detection.passed }
  }
  const finish = async () => {
    await detection.idle()
    await Promise.all([opportunities.finish(), parity.finish()])
    webhook?.stop()
  }
  return { opportunities, parity, finish, totals, shown: () => ({ ...detection.figures, funnel: funnel() }) }
}
