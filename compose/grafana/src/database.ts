/** Database: sizes, rows, commits, and what the server does. In the time of the clock on the wall. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'

import { FULL, HALF, property, stacked, stat, table, timeSeries, unitOf } from './panels.ts'
import { collectorVariable, notes, shell } from './shell.ts'
import { promqls, sql } from './targets.ts'

const OF = 'instance=~"$collector"'

export function databaseDashboard(): Builder<Dashboard> {
  const builder = shell({
    uid: 'tapedeck-database',
    title: 'Database',
    description: 'What the database holds, how large it is, and how commits go, in real time.',
    from: 'now-6h',
    refresh: '1m',
  }).withVariable(collectorVariable())
  for (const panel of [...figures(), ...commits(), ...sizes(), ...storage(), ...server()]) builder.withPanel(panel)
  return builder.withPanel(
    notes(`
- Sizes and counts are those of now, whatever the range. Counts of rows are the server's estimates.
- Chunks are of TimescaleDB; compression, policies and computed aggregates are of its Community edition. Elsewhere these panels have no rows:
  nothing is compressed there, no policy runs, and bars are views that are never behind. \`tapedeck db status\` has the same in text.
- In the repository: docs/performance.md (what the writer does), docs/operating.md (when the database is away). \`tapedeck db\` has the commands.
`),
  )
}

function figures() {
  return [
    stat({
      title: 'Size of the database',
      description: 'On disk, indexes included.',
      unit: 'bytes',
      span: 6,
      targets: [sql('SELECT pg_database_size(current_database())::float8 AS bytes', 'table')],
    }),
    stat({
      title: 'Server',
      description: 'PostgreSQL, and TimescaleDB where it is used.',
      span: 6,
      targets: [
        sql(
          `
SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)
  || COALESCE(', TimescaleDB ' || (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'), '') AS server`,
          'table',
        ),
      ],
    }).reduceOptions({ build: () => ({ calcs: ['lastNotNull'], fields: '/.*/', values: false }) }),
    stat(
      {
        title: 'Connections used',
        description: 'Of those that the server allows. Needs pg_read_all_stats.',
        unit: 'percentunit',
        span: 6,
        targets: [
          sql(
            `SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::float8 / current_setting('max_connections')::float8 AS used`,
            'table',
          ),
        ],
      },
      ['green'],
      ['orange', 0.6],
      ['red', 0.9],
    ),
    stat({
      title: 'Sessions recorded',
      description: 'Runs of a collector that this database knows.',
      unit: 'locale',
      span: 6,
      targets: [sql('SELECT count(*)::float8 AS sessions FROM sessions', 'table')],
    }),
  ]
}

function commits() {
  return [
    stacked({
      title: 'Ticks committed',
      description: 'By the time of their commit, whatever the time of the tape, within the interval of a point.',
      targets: [
        sql(
          `
SELECT $__timeGroup(committed_at, $__interval) AS "time", sum(accepted_ticks)::float8 AS accepted, sum(quarantined_ticks)::float8 AS quarantined
FROM batches WHERE $__timeFilter(committed_at) GROUP BY 1 ORDER BY 1`,
          'time_series',
        ),
      ],
    }),
    timeSeries({
      title: 'Commits',
      description: 'Time to write and commit one batch, as the collector measures it.',
      unit: 's',
      targets: promqls({
        'median {{instance}}': `histogram_quantile(0.5, sum by (le, instance) (rate(tapedeck_commit_seconds_bucket{${OF}}[$__rate_interval])))`,
        '99 % {{instance}}': `histogram_quantile(0.99, sum by (le, instance) (rate(tapedeck_commit_seconds_bucket{${OF}}[$__rate_interval])))`,
      }),
    }),
    timeSeries({
      title: 'Batches',
      description: 'Batches committed per second, and batches that wait.',
      span: HALF,
      targets: promqls({
        committed: `sum(rate(tapedeck_batches_committed_total{${OF}}[$__rate_interval]))`,
        waiting: `sum(tapedeck_batches_pending{${OF}})`,
      }),
    }),
  ]
}

function sizes() {
  return [
    table({
      title: 'Tables',
      description: 'Size on disk with indexes and chunks, compressed ones left out, and the number of rows as the server estimates it.',
      span: HALF,
      targets: [
        sql(
          `
SELECT c.relname AS "table", count(p.inhrelid)::float8 AS parts,
  sum(GREATEST(COALESCE(k.reltuples, c.reltuples), 0))::float8 AS rows,
  (pg_table_size(c.oid) + COALESCE(sum(pg_table_size(k.oid)), 0))::float8 AS data,
  (pg_indexes_size(c.oid) + COALESCE(sum(pg_indexes_size(k.oid)), 0))::float8 AS indexes
FROM pg_class c LEFT JOIN pg_inherits p ON p.inhparent = c.oid LEFT JOIN pg_class k ON k.oid = p.inhrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
GROUP BY c.oid, c.relname ORDER BY 4 DESC LIMIT 30`,
          'table',
        ),
      ],
      height: 10,
    })
      .overrideByRegexp('/^(data|indexes)$/', [unitOf('bytes')])
      .overrideByRegexp('/^(rows|parts)$/', [unitOf('locale')]),
  ]
}

/** Of TimescaleDB; functions of ours, since its views cannot be named on plain PostgreSQL. */
function storage() {
  return [
    table({
      title: 'Chunks and compression',
      description:
        'Chunks of each hypertable and computed aggregate, the begin of the oldest, the size of all, and what compression saves of the chunks that are compressed. No rows on plain PostgreSQL.',
      height: 10,
      span: FULL,
      targets: [
        sql(
          `
SELECT table_name AS "table", chunks::float8 AS chunks, compressed_chunks::float8 AS compressed, oldest_ts AS oldest, total_bytes::float8 AS size,
  uncompressed_bytes::float8 AS before, compressed_bytes::float8 AS after,
  GREATEST(0, 1 - compressed_bytes / NULLIF(uncompressed_bytes, 0)::float8) AS saved
FROM tapedeck.table_chunks() ORDER BY total_bytes DESC`,
          'table',
        ),
      ],
    })
      .overrideByRegexp('/^(size|before|after)$/', [unitOf('bytes')])
      .overrideByName('oldest', [unitOf('dateTimeAsIso')])
      .overrideByName('saved', [unitOf('percentunit')]),
    table({
      title: 'Policies',
      description:
        'What TimescaleDB does by itself: computes aggregates, compresses and drops. Failed ones come first; tapedeck db status says why. No rows where there are none.',
      targets: [
        sql(
          `
SELECT job, works_on AS "on", extract(epoch FROM every)::float8 AS every, last_run AS "last run", last_status AS status,
  extract(epoch FROM now() - last_success)::float8 AS "since success", next_run AS "next run", runs::float8 AS runs, failures::float8 AS failures
FROM tapedeck.storage_jobs() ORDER BY last_status = 'Failed' DESC NULLS LAST, "on", job`,
          'table',
        ),
      ],
    })
      .overrideByRegexp('/^(every|since success)$/', [unitOf('s')])
      .overrideByRegexp('/^(last|next) run$/', [unitOf('dateTimeAsIso')])
      .overrideByName('status', [
        property('mappings', [{ type: 'value', options: { Failed: { color: 'red' }, Success: { color: 'green' } } }]),
        property('custom.cellOptions', { type: 'color-text' }),
      ]),
    table({
      title: 'Aggregates behind the newest tick',
      description:
        'How far each aggregate is computed, and how far that is behind the newest committed tick, in the time of the tape. What is newer is computed when it is asked for. No rows where bars are views.',
      targets: [
        sql(
          `
SELECT a.aggregate, a.computed_to AS "computed to", extract(epoch FROM GREATEST(n.newest - a.computed_to, interval '0'))::float8 AS behind
FROM tapedeck.computed_aggregates() a CROSS JOIN (SELECT max(last_ts) AS newest FROM batches) n ORDER BY 3 DESC NULLS FIRST, 1`,
          'table',
        ),
      ],
    })
      .overrideByName('computed to', [unitOf('dateTimeAsIso')])
      .overrideByName('behind', [unitOf('s')]),
  ]
}

function server() {
  return [
    table({
      title: 'What connections do',
      description:
        'Connections by state; the oldest transaction of each. One that is open for hours keeps dead rows from being removed. Without pg_read_all_stats only those of the same user.',
      span: HALF,
      targets: [
        sql(
          `
SELECT COALESCE(NULLIF(application_name, ''), usename, 'server') AS program, COALESCE(state, 'not said') AS state, count(*)::float8 AS connections,
  extract(epoch FROM now() - min(xact_start))::float8 AS "oldest transaction"
FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database() GROUP BY 1, 2 ORDER BY 3 DESC`,
          'table',
        ),
      ],
    }).overrideByName('oldest transaction', [unitOf('s')]),
    table({
      title: 'Indexes by use',
      description:
        'How often each index was read since the statistics were reset, with its chunks. One that is never read costs writes only.',
      span: HALF,
      targets: [
        sql(
          `
SELECT COALESCE(parent.relname, s.relname) AS "table", regexp_replace(s.indexrelname, '^_hyper_[0-9]+_[0-9]+_chunk_', '') AS "index",
  sum(s.idx_scan)::float8 AS reads, sum(pg_relation_size(s.indexrelid))::float8 AS bytes
FROM pg_stat_user_indexes s LEFT JOIN pg_inherits h ON h.inhrelid = s.relid LEFT JOIN pg_class parent ON parent.oid = h.inhparent
WHERE s.schemaname IN ('public', '_timescaledb_internal') GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 50`,
          'table',
        ),
      ],
    }).overrideByName('bytes', [unitOf('bytes')]),
  ]
}
