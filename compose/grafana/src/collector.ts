/** Collector: is it recording, is it keeping up, and what does it miss? All from Prometheus, in the time of the clock on the wall. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import * as common from '@grafana/grafana-foundation-sdk/common'
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline'

import { colorOf, dressed, stacked, stat, THIRD, timeSeries, unitOf } from './panels.ts'
import { collectorVariable, notes, shell } from './shell.ts'
import { promql, promqlNow, promqls } from './targets.ts'

/** The collectors that are chosen. */
const OF = 'instance=~"$collector"'
const rate = (metric: string, by: string) => `sum by (${by}) (rate(${metric}{${OF}}[$__rate_interval]))`
const quantile = (share: number, metric: string) =>
  `histogram_quantile(${share}, sum by (le, instance) (rate(${metric}_bucket{${OF}}[$__rate_interval])))`

export function collectorDashboard(): Builder<dashboard.Dashboard> {
  const builder = shell({
    uid: 'tapedeck-collector',
    title: 'Collector',
    description: 'Whether the collector records, keeps up, and what it misses. From its metrics, in real time.',
    from: 'now-1h',
    refresh: '10s',
  }).withVariable(collectorVariable())
  for (const panel of [...atAGlance(), ...ticks(), ...database(), ...feed(), ...machine(), ...detectors()]) builder.withPanel(panel)
  return builder.withPanel(
    notes(`
- A tick is received, then written, quarantined or dropped, or it is still in flight: the sums agree at every moment, or *Unaccounted* is not 0.
- *Lag* runs from the arrival of a batch's oldest tick to its commit. It grows while the database is away; the journal then grows with it, and nothing is lost up to its limit.
- A replay that is served faster than the day has high rates for a short time. Its prices are on the Market dashboard, in the time of the day that was replayed.
- In the repository: docs/operating.md (what the log and these metrics mean), docs/connection.md (states of the connection), docs/gaps.md (causes of gaps).
`),
  )
}

function atAGlance() {
  return [
    stat(
      {
        title: 'Ready',
        description:
          'Whether data of the wanted lines flows and is in the database within metrics.maxLagMs, as /readyz says. tapedeck status has the reasons when it is not.',
        targets: [promqlNow(`min by (instance) (tapedeck_ready{${OF}})`, '{{instance}}')],
      },
      ['red'],
      ['green', 1],
    ).mappings([{ type: dashboard.MappingType.ValueToText, options: { 0: { text: 'not ready' }, 1: { text: 'ready' } } }]),
    stat(
      {
        title: 'Lines open',
        description: 'Market-data lines that are open and not doubted.',
        targets: [promqlNow(`sum by (instance) (tapedeck_lines_open{${OF}})`, '{{instance}}')],
      },
      ['orange'],
      ['green', 1],
    ),
    stat(
      {
        title: 'Gaps open',
        description: 'Gaps in the recording that are open now: docs/gaps.md names the causes.',
        targets: [promqlNow(`sum by (instance) (tapedeck_gaps_open{${OF}})`, '{{instance}}')],
      },
      ['green'],
      ['red', 1],
    ),
    stat(
      {
        title: 'Dropped',
        description: 'Ticks that were not recorded since the collector was started. Anything but 0 is lost data.',
        targets: [
          promqlNow(`sum by (instance) (tapedeck_ticks_dropped_total{${OF}}) or tapedeck_ticks_received_total{${OF}} * 0`, '{{instance}}'),
        ],
      },
      ['green'],
      ['red', 1],
    ),
    stat(
      {
        title: 'Journal used',
        description: 'What the database does not have yet, against the size at which ticks are dropped (journal.limitBytes).',
        unit: 'percentunit',
        targets: [
          promqlNow(
            `(tapedeck_journal_unreleased_bytes{${OF}} + tapedeck_journal_waiting_bytes{${OF}}) / tapedeck_journal_limit_bytes{${OF}}`,
            '{{instance}}',
          ),
        ],
      },
      ['green'],
      ['orange', 0.25],
      ['red', 0.75],
    ).decimals(2),
    stat(
      {
        title: 'Unaccounted',
        description: 'Received minus written, quarantined, dropped and in flight. Anything but 0 is a defect: report it.',
        targets: [promqlNow(`sum by (instance) (tapedeck_ticks_unaccounted{${OF}})`, '{{instance}}')],
      },
      ['red'],
      ['green', 0],
      ['red', 1],
    ),
  ]
}

function ticks() {
  return [
    timeSeries({
      title: 'Ticks per second',
      description:
        'Whole ticks as they come in, as they are committed to their tables, and to rejected_ticks. Written follows received at the distance of the lag.',
      unit: 'cps',
      targets: promqls({
        received: rate('tapedeck_ticks_received_total', ''),
        written: rate('tapedeck_ticks_written_total', ''),
        quarantined: rate('tapedeck_ticks_quarantined_total', ''),
      }),
    }).overrideByName('quarantined', [colorOf('orange')]),
    timeSeries({
      title: 'Dropped ticks per second',
      description: 'Ticks that were not recorded, by reason. Each time is named by a gap.',
      unit: 'cps',
      targets: promqls({
        'all reasons': `${rate('tapedeck_ticks_dropped_total', '')} or ${rate('tapedeck_ticks_received_total', '')} * 0`,
        '{{reason}}': rate('tapedeck_ticks_dropped_total', 'reason'),
      }),
    }).overrideByName('all reasons', [colorOf('red')]),
  ]
}

function database() {
  return [
    timeSeries({
      title: 'Lag',
      description:
        "From the arrival of a batch's first record to its commit. docs/operating.md: over metrics.maxLagMs the collector is not ready.",
      unit: 's',
      span: THIRD,
      targets: promqls({
        'median {{instance}}': quantile(0.5, 'tapedeck_batch_age_seconds'),
        '99 % {{instance}}': quantile(0.99, 'tapedeck_batch_age_seconds'),
      }),
    }),
    timeSeries({
      title: 'Commit and sync',
      description: 'Time to write and commit one batch, and time to make one group of journal blocks durable.',
      unit: 's',
      span: THIRD,
      targets: promqls({
        'commit 99 % {{instance}}': quantile(0.99, 'tapedeck_commit_seconds'),
        'journal sync 99 % {{instance}}': quantile(0.99, 'tapedeck_journal_sync_seconds'),
      }),
    }),
    timeSeries({
      title: 'Journal',
      description:
        'Bytes of which the database has not everything, and bytes that wait in memory for the disk. At the limit ticks are dropped.',
      unit: 'bytes',
      span: THIRD,
      targets: promqls({
        'on disk {{instance}}': `tapedeck_journal_unreleased_bytes{${OF}}`,
        'in memory {{instance}}': `tapedeck_journal_waiting_bytes{${OF}}`,
      }),
    }),
    timeSeries({
      title: 'Waiting for the database',
      description:
        'Ticks in the journal that the database has not committed, and batches of them. Both fall back to about 0 after each outage of the database.',
      targets: promqls({
        'ticks {{instance}}': `tapedeck_ticks_in_flight{${OF}}`,
        'batches {{instance}}': `tapedeck_batches_pending{${OF}}`,
        'rows missing {{instance}}': `tapedeck_rows_missing{${OF}}`,
      }),
    }),
    timeSeries({
      title: 'Messages of the gateway per second',
      description: 'Messages of any kind, and those that could not be decoded: what they said is lost.',
      unit: 'cps',
      targets: promqls({
        messages: rate('tapedeck_messages_total', ''),
        unreadable: rate('tapedeck_messages_unreadable_total', ''),
      }),
    }).overrideByName('unreadable', [colorOf('red')]),
  ]
}

function feed() {
  const connection = dressed(new StateTimeline(), {
    title: 'Connection to the gateway',
    description: 'The state at each moment (docs/connection.md).',
    targets: [promql(`max by (state) (tapedeck_gateway_state{${OF}}) == 1`, '{{state}}')],
  })
  return [
    connection
      .showValue(common.VisibilityMode.Never)
      .legend(
        new common.VizLegendOptionsBuilder()
          .showLegend(false)
          .displayMode(common.LegendDisplayMode.List)
          .placement(common.LegendPlacement.Bottom)
          .calcs([]),
      )
      .mergeValues(true)
      .fillOpacity(80),
    stacked({
      title: 'Lines',
      description:
        'Wanted lines by feed and state. no-line: waits because the gateway has none left; refused: asked for again over the next connection.',
      targets: [promql(`sum by (feed, state) (tapedeck_lines{${OF}}) > 0`, '{{feed}} {{state}}')],
    }),
    timeSeries({
      title: 'Gaps and lost connections',
      description: 'Gaps that were named and connections that were lost or failed, within the interval of a point.',
      targets: promqls({
        gaps: `sum(increase(tapedeck_feed_gaps_total{${OF}}[$__rate_interval]))`,
        'lost connections': `sum(increase(tapedeck_feed_reconnects_total{${OF}}[$__rate_interval]))`,
      }),
      span: THIRD,
    }),
    timeSeries({
      title: 'Lines without data',
      description: 'Wanted lines that have no data though not all lines are without, by cause.',
      targets: promqls({
        'all causes': `sum(tapedeck_lines_missing{${OF}}) or sum(tapedeck_feed_up{${OF}}) * 0`,
        '{{cause}}': `sum by (cause) (tapedeck_lines_missing{${OF}})`,
      }),
      span: THIRD,
    }),
    timeSeries({
      title: 'Silence',
      description: 'For how long no tick came on any line although data is expected; 0 while that is well.',
      unit: 's',
      targets: [promql(`tapedeck_data_silent_seconds{${OF}}`, '{{instance}}')],
      span: THIRD,
    }),
  ]
}

function machine() {
  return [
    timeSeries({
      title: 'Memory of the process',
      description: 'Resident memory, and the heap in use.',
      unit: 'bytes',
      span: THIRD,
      targets: promqls({
        'resident {{instance}}': `process_resident_memory_bytes{${OF}}`,
        'heap {{instance}}': `nodejs_heap_size_used_bytes{${OF}}`,
      }),
    }),
    timeSeries({
      title: 'CPU',
      description: 'Cores in use. The collector decodes, judges and writes on one thread: at 1 it cannot keep up with more.',
      unit: 'percentunit',
      span: THIRD,
      targets: [promql(`rate(process_cpu_seconds_total{${OF}}[$__rate_interval])`, '{{instance}}')],
    }),
    timeSeries({
      title: 'Event loop',
      description: 'How late a timer of the process runs. Over a second the machine is too slow, or was paused.',
      unit: 's',
      span: THIRD,
      targets: [promql(`nodejs_eventloop_lag_p99_seconds{${OF}}`, '99 % {{instance}}')],
    }),
  ]
}

function detectors() {
  return [
    timeSeries({
      title: 'Detectors: quotes and candidates per second',
      description: 'Quotes that the detectors of arbitrage looked at, and relations with an edge before carry, fees and every other gate.',
      unit: 'cps',
      span: THIRD,
      targets: promqls({
        quotes: rate('tapedeck_arbitrage_quotes_total', ''),
        candidates: rate('tapedeck_arbitrage_candidates_total', ''),
        opportunities: rate('tapedeck_arbitrage_episodes_total', ''),
      }),
    }),
    timeSeries({
      title: 'Detectors: open opportunities',
      description: 'Opportunities that are open at this moment, by certainty (docs/arbitrage.md).',
      span: THIRD,
      targets: [promql(`sum by (certainty) (tapedeck_arbitrage_episodes_open{${OF}})`, '{{certainty}}')],
    }),
    timeSeries({
      title: 'Detectors: delay',
      description:
        'How long the oldest record of a turn had waited for its decision, and how many wait. Detectors that are too far behind pass records over; the recording does not wait for them.',
      unit: 's',
      span: THIRD,
      targets: promqls({
        'lag 99 % {{instance}}': quantile(0.99, 'tapedeck_arbitrage_lag_seconds'),
        'queued {{instance}}': `tapedeck_arbitrage_queued_records{${OF}}`,
        'passed over': rate('tapedeck_arbitrage_passed_records_total', ''),
      }),
    })
      .overrideByRegexp('/^queued/', [unitOf('short')])
      .overrideByName('passed over', [unitOf('cps'), colorOf('red')]),
  ]
}
