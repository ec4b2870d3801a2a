/** The configuration file as a JSON schema (draft 7, which editors know best), made of the settings in config/schema.ts. */

import { z } from 'zod'

import { configSchema } from './schema.ts'

/** As text with a line end: what `tapedeck config schema` prints and config/tapedeck.schema.json holds. */
export function formatConfigSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-07',
    override: ({ jsonSchema, path }) => {
      const { type } = jsonSchema
      // A section whose lines are all commented out is null to YAML and is taken for absent, except within a list.
      if ((type === 'object' || type === 'array') && !path.includes('items')) Object.assign(jsonSchema, { type: [type, 'null'] })
    },
  })
  // dataDir has a default that depends on the machine.
  const { required: _required, ...optional } = schema
  return `${JSON.stringify({ ...optional, title: 'Settings of Tapedeck' }, undefined, 2)}\n`
}
