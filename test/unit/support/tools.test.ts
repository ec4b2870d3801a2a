import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, expect, it, onTestFinished, vi } from 'vitest'

import { findTool, noTool } from '../../support/tools.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

async function folderWith(...programs: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-tools-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const program of programs) {
    const path = join(folder, program)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, '')
    await chmod(path, 0o755)
  }
  return folder
}

it('finds a tool of the folder that TAPEDECK_TEST_TOOLS names', async () => {
  const folder = await folderWith('bin/amtool', 'prometheus-3/promtool')
  vi.stubEnv('TAPEDECK_TEST_TOOLS', folder)
  vi.stubEnv('TAPEDECK_REQUIRE_TOOLS', undefined)
  expect(findTool('bin/amtool')).toBe(join(folder, 'bin/amtool'))
  expect(findTool('prometheus-3/promtool')).toBe(join(folder, 'prometheus-3/promtool'))
  expect(findTool('prometheus-2/promtool')).toBeUndefined()
})

it('finds a tool on the PATH unless a test needs a version of it', async () => {
  const folder = await folderWith('amtool', 'promtool')
  vi.stubEnv('TAPEDECK_TEST_TOOLS', undefined)
  vi.stubEnv('TAPEDECK_REQUIRE_TOOLS', undefined)
  vi.stubEnv('PATH', folder)
  expect(findTool('bin/amtool')).toBe(join(folder, 'amtool'))
  expect(findTool('prometheus-2/promtool')).toBeUndefined()
})

it('throws where tools are required and one is missing', async () => {
  vi.stubEnv('TAPEDECK_TEST_TOOLS', await folderWith())
  vi.stubEnv('TAPEDECK_REQUIRE_TOOLS', '1')
  expect(() => findTool('bin/amtool')).toThrow(noTool('bin/amtool'))
})
