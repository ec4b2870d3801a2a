/** Data quality: what was accepted, flagged, quarantined and missed, and by which rule. In tape time. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'

import { barChart, colorOf, FULL, property, stacked, stat, table, timeSeries, unitOf } from './panels.ts'
import { notes, sessionList, sessionVariable, shell } from './shell.ts'
import { sql } from './targets.ts'

const UID = 'tapedeck-quality'
const CHOSEN = 'session_id IN ($session)'

export function qualityDashboard(): Builder<Dashboard> {
  const builder = shell({
    uid: UID,
    title: 'Data quality',
    description: 'What was accepted, flagged, quarantined and missed, in the time of the tape.',
    from: 'now-24h',
    refresh: '1m',
  })
    .withVariable(sessionVariable())
    .withPanel(sessionList(UID))
  for (const panel of [...figures(), ...ticks(), ...findings(), ...gaps()]) builder.withPanel(panel)
  return builder.withPanel(
    notes(`
- A *flagged* tick is in its table, marked; a *quarantined* one is in \`rejected_ticks\`; a *refused* one is there because the database would not have it. None is altered.
- A gap of all lines counts once, whatever the number of lines. No gap is listed where none is known.
- In the repository: docs/rules.md (what each rule finds), docs/quality.md (grades of a day, by \`tapedeck quality\`), docs/gaps.md (causes of gaps).
`),
  )
}

function figures() {
  const batches = (column: string) =>
    sql(`SELECT COALESCE(sum(${column}), 0)::float8 AS ticks FROM batches WHERE ${CHOSEN} AND $__timeFilter(last_ts)`, 'table')
  return [
    stat({ title: 'Accepted', description: 'Ticks in their tables.', unit: 'locale', targets: [batches('accepted_ticks')] }),
    stat(
      {
        title: 'Quarantined',
        description: 'Ticks in rejected_ticks, those that the database refused among them.',
        unit: 'locale',
        targets: [batches('quarantined_ticks')],
      },
      ['green'],
      ['orange', 1],
    ),
    stat(
      {
        title: 'Quarantined share',
        description: 'Of all ticks. Over 1 % something is wrong with the feed, or with a rule.',
        unit: 'percentunit',
        targets: [
          sql(
            `
SELECT COALESCE(sum(quarantined_ticks) / NULLIF(sum(accepted_ticks + quarantined_ticks), 0), 0)::float8 AS share
FROM batches WHERE ${CHOSEN} AND $__timeFilter(last_ts)`,
            'table',
          ),
        ],
      },
      ['green'],
      ['orange', 0.001],
      ['red', 0.01],
    ).decimals(2),
    stat({
      title: 'Findings',
      description: 'What rules found, as recorded. A tick counts under every rule that spoke.',
      unit: 'locale',
      targets: [
        sql(`SELECT count(*)::float8 AS findings FROM findings WHERE ${CHOSEN} AND $__timeFilter(ts) AND judgement_id = 0`, 'table'),
      ],
    }),
    stat(
      {
        title: 'Time without all data',
        description: 'Sum of the gaps of all lines that begin in the range.',
        unit: 's',
        targets: [
          sql(
            `
SELECT COALESCE(extract(epoch FROM sum(to_ts - from_ts)), 0)::float8 AS seconds
FROM gaps WHERE ${CHOSEN} AND $__timeFilter(from_ts) AND instrument_id IS NULL AND dropped_ticks IS NULL`,
            'table',
          ),
        ],
      },
      ['green'],
      ['orange', 1],
      ['red', 60],
    ),
    stat(
      {
        title: 'Dropped',
        description: 'Ticks that came and were dropped, where they could be counted.',
        unit: 'locale',
        targets: [
          sql(`SELECT COALESCE(sum(dropped_ticks), 0)::float8 AS ticks FROM gaps WHERE ${CHOSEN} AND $__timeFilter(from_ts)`, 'table'),
        ],
      },
      ['green'],
      ['red', 1],
    ),
  ]
}

function ticks() {
  return [
    stacked({
      title: 'Ticks by what became of them',
      description: 'By the last tick of their batch, within the interval of a point.',
      targets: [
        sql(
          `
SELECT $__timeGroup(last_ts, $__interval) AS "time", sum(accepted_ticks)::float8 AS accepted, sum(quarantined_ticks - refused_ticks)::float8 AS quarantined,
  sum(refused_ticks)::float8 AS refused
FROM batches WHERE ${CHOSEN} AND $__timeFilter(last_ts) GROUP BY 1 ORDER BY 1`,
          'time_series',
        ),
      ],
    })
      .interval('1m')
      .overrideByName('accepted', [colorOf('green')])
      .overrideByName('quarantined', [colorOf('orange')])
      .overrideByName('refused', [colorOf('red')]),
    timeSeries({
      title: 'Contracts with data',
      description:
        'Contracts that had at least one quote within the interval of a point. Quiet contracts have none for long: compare with the same hours of another day.',
      targets: [
        sql(
          `
SELECT $__timeGroup(q.ts, $__interval) AS "time", i.symbol AS metric, count(DISTINCT q.instrument_id)::float8 AS contracts
FROM quotes q JOIN instruments i USING (instrument_id)
WHERE q.session_id IN ($session) AND $__timeFilter(q.ts) GROUP BY 1, 2 ORDER BY 1, 2`,
          'time_series',
        ),
      ],
    }).interval('5m'),
  ]
}

function findings() {
  return [
    stacked({
      title: 'Findings by rule',
      description: 'What each rule found, within the interval of a point (docs/rules.md).',
      targets: [
        sql(
          `
SELECT $__timeGroup(ts, $__interval) AS "time", rule AS metric, count(*)::float8 AS findings
FROM findings WHERE ${CHOSEN} AND $__timeFilter(ts) AND judgement_id = 0 GROUP BY 1, 2 ORDER BY 1, 2`,
          'time_series',
        ),
      ],
    }).interval('1m'),
    table({
      title: 'Rules',
      description: 'What each rule found, with the contract that it was found of most often.',
      targets: [
        sql(
          `
SELECT f.rule, f.severity, f.disposition, count(*)::float8 AS findings, count(DISTINCT f.instrument_id)::float8 AS contracts,
  mode() WITHIN GROUP (ORDER BY i.key) AS "most often"
FROM findings f LEFT JOIN instruments i USING (instrument_id)
WHERE f.session_id IN ($session) AND $__timeFilter(f.ts) AND f.judgement_id = 0
GROUP BY f.rule, f.severity, f.disposition ORDER BY findings DESC`,
          'table',
        ),
      ],
    }).overrideByName('severity', [
      property('mappings', [
        { type: 'value', options: { error: { color: 'red' }, warning: { color: 'orange' }, info: { color: 'blue' } } },
      ]),
      property('custom.cellOptions', { type: 'color-text' }),
    ]),
    table({
      title: 'Latest quarantined ticks',
      description: 'Why they were kept out. The table rejected_ticks has their values.',
      targets: [
        sql(
          `
SELECT r.ts AS "time", COALESCE(i.key, 'unknown') AS contract, r.kind, r.rules, r.reason
FROM rejected_ticks r LEFT JOIN instruments i USING (instrument_id)
WHERE r.session_id IN ($session) AND $__timeFilter(r.ts) ORDER BY r.ts DESC LIMIT 100`,
          'table',
        ),
      ],
      span: FULL,
    }),
  ]
}

function gaps() {
  return [
    barChart({
      title: 'Gaps by cause',
      description: 'Seconds of all gaps that touch the range, those of single lines added up by line.',
      unit: 's',
      targets: [
        sql(
          `
SELECT regexp_replace(cause, ':.*', '') AS cause, extract(epoch FROM sum(to_ts - from_ts))::float8 AS seconds
FROM feed_gaps_between($__timeFrom()::timestamptz, $__timeTo()::timestamptz) WHERE ${CHOSEN} GROUP BY 1 ORDER BY 2 DESC LIMIT 20`,
          'table',
        ),
      ],
    }),
    table({
      title: 'Longest gaps',
      description:
        'Gaps that touch the range, the longest first. Without a contract: of all lines, or of those of the farm that the cause names.',
      targets: [
        sql(
          `
SELECT g.from_ts AS "time", extract(epoch FROM g.to_ts - g.from_ts)::float8 AS duration, g.cause, i.key AS contract, g.dropped_ticks::float8 AS dropped
FROM feed_gaps_between($__timeFrom()::timestamptz, $__timeTo()::timestamptz) g LEFT JOIN instruments i USING (instrument_id)
WHERE g.session_id IN ($session) ORDER BY g.to_ts - g.from_ts DESC LIMIT 100`,
          'table',
        ),
      ],
    }).overrideByName('duration', [unitOf('s')]),
  ]
}
