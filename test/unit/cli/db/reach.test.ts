import { expect, it } from 'vitest'

import { withoutPassword } from '../../../../cli/db/reach.ts'

it.each([
  ['postgres://pat:a%40b%2Fc@db:5433/ticks?sslmode=require', 'postgres://pat@db:5433/ticks?sslmode=require', 'a@b/c'],
  ['postgres://pat@db/ticks?password=in+the%20query&connect_timeout=3', 'postgres://pat@db/ticks?connect_timeout=3', 'in the query'],
  ['postgresql://pat@db/ticks', 'postgresql://pat@db/ticks', undefined],
])('takes the password out of %s', async (url, address, password) => {
  expect(await withoutPassword(url)).toEqual({ address, password })
})
