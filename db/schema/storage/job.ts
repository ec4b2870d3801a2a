/** Procedures of ours that the server calls from time to time, as the background jobs of TimescaleDB. */

import { sameInterval } from './interval.ts'
import type { Job, ObjectKind, ServerFacts } from './objects.ts'

export const JOB: ObjectKind<Job> = {
  async read(client) {
    const { rows } = await client.query<Omit<Job, 'kind'>>(
      `SELECT proc_name AS procedure, schedule_interval::text AS every, coalesce(config->>'on', '') AS on
       FROM timescaledb_information.jobs WHERE proc_schema = 'tapedeck' ORDER BY job_id`,
    )
    return rows.map((row) => ({ kind: 'job', ...row }))
  },

  create: (wished, facts) => [{ what: `call ${wished.procedure} every ${wished.every}`, sql: add(wished, facts) }],

  alter: (there, wished, facts) =>
    there.procedure === wished.procedure && sameInterval(there.every, wished.every)
      ? []
      : [
          {
            what: `call ${wished.procedure} every ${wished.every} instead of ${there.procedure} every ${there.every}`,
            sql: `${remove(there, facts)}; ${add(wished, facts)}`,
          },
        ],

  drop: (there, facts) => [{ what: `no longer call ${there.procedure}`, sql: remove(there, facts) }],

  dependsOn: ({ on }) => [`aggregate ${on}`, `refresh-policy ${on}`],

  isOurs: ({ on }, wished) => wished.some((object) => object.kind === 'aggregate' && object.name === on),
}

/** Not at once: a new database has nothing to do, and an old one its collector to start. */
const add = ({ procedure, every, on }: Job, { schema }: ServerFacts) =>
  `SELECT ${schema}.add_job('tapedeck.${procedure}', interval '${every}', config => '{"on": "${on}"}', initial_start => now() + interval '1 hour')`
const remove = ({ procedure, on }: Job, { schema }: ServerFacts) =>
  `SELECT ${schema}.delete_job(job_id) FROM timescaledb_information.jobs
   WHERE proc_schema = 'tapedeck' AND proc_name = '${procedure}' AND config->>'on' = '${on}'`
