/** Programs of the stack that tests run for real: Prometheus, Alertmanager, docker-compose and the like (test/support/debian-tools.sh). */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** As debian-tools.sh lays them out. */
export type Tool =
  | `prometheus-${2 | 3}/${'prometheus' | 'promtool'}`
  | `bin/${'amtool' | 'docker-compose' | 'prometheus-alertmanager' | 'prometheus-postgres-exporter'}`

/** Printed beside tests that are skipped for want of a tool. */
export const noTool = (tool: Tool): string =>
  `no ${tool}: make the tools with 'bash test/support/debian-tools.sh FOLDER' and name the folder by TAPEDECK_TEST_TOOLS`

/**
 * The program's path; undefined when there is none. Without TAPEDECK_TEST_TOOLS, a program of that name on the PATH will do, except where
 * a test needs a version.
 *
 * @throws Error when there is none and TAPEDECK_REQUIRE_TOOLS=1
 */
export function findTool(tool: Tool): string | undefined {
  const [folder = '', name = ''] = tool.split('/')
  const made = process.env['TAPEDECK_TEST_TOOLS']
  const onPath = folder === 'bin' ? (process.env['PATH'] ?? '').split(delimiter).map((each) => join(each, name)) : []
  const found = (made ? [join(made, tool)] : onPath).find(isProgram)
  if (found === undefined && process.env['TAPEDECK_REQUIRE_TOOLS'] === '1') throw new Error(noTool(tool))
  return found
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
