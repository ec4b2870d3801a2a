import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { isOurs, type UnitOptions, unitText } from '../../../../cli/service/unit.ts'

const OPTIONS: UnitOptions = {
  isUser: false,
  node: process.execPath,
  program: '/opt/tapedeck/dist/tapedeck.js',
  dataDir: '/var/lib/tapedeck',
  config: '/etc/tapedeck/tapedeck.yaml',
  passwordFile: '/etc/tapedeck/database-password',
  account: 'tapedeck',
}

const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined
const NO_SYSTEMD = 'systemd-analyze is not installed'

/** Written to a file, in a folder that is removed. */
function written(text: string): { file: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-unit-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'tapedeck.service')
  writeFileSync(file, text)
  return { file, folder }
}

describe('a unit', () => {
  it('is recognised as written, and not once anything in it was changed', () => {
    const text = unitText(OPTIONS)
    expect(isOurs(text)).toBe(true)
    expect(isOurs(text.replace('RestartSec=10', 'RestartSec=11'))).toBe(false)
    expect(isOurs('[Unit]\n')).toBe(false)
    expect(unitText(OPTIONS)).toBe(text)
  })

  it('hands the password over by a credential and never by its text', () => {
    const text = unitText(OPTIONS)
    expect(text).toContain('LoadCredential=database-password:/etc/tapedeck/database-password\n')
    expect(text).toContain('Environment=DB_PASSWORD_FILE=%d/database-password\n')
    expect(unitText({ ...OPTIONS, passwordFile: undefined })).not.toContain('password')
  })

  it('keeps names with blanks, percent and dollar signs whole', () => {
    expect(unitText({ ...OPTIONS, config: '/etc/my %tape $x "q".yaml' })).toContain('"--config" "/etc/my %%tape $$x \\"q\\".yaml"')
  })

  it('lets a program below a home directory be read', () => {
    expect(unitText(OPTIONS)).toContain('\nProtectHome=yes\n')
    expect(unitText({ ...OPTIONS, program: '/home/trader/tapedeck/dist/tapedeck.js' })).toContain('\nProtectHome=read-only\n')
  })

  it.each([
    ['of the machine', OPTIONS],
    ['of the machine with its program in a home directory', { ...OPTIONS, program: '/home/trader/tapedeck/dist/tapedeck.js' }],
    ['of a user', { ...OPTIONS, isUser: true }],
  ] as const)('%s is valid and has an exposure under 2.0 (needs systemd-analyze)', (_title, options) => {
    if (!hasSystemd) {
      console.warn(`skipped: ${NO_SYSTEMD}`)
      expect(process.env['TAPEDECK_REQUIRE_TOOLS'], NO_SYSTEMD).not.toBe('1')
      return
    }
    const { file, folder } = written(unitText(options))
    const env = { ...process.env, XDG_RUNTIME_DIR: folder }
    // The program need not be there to be analysed; the rest must be understood without a word.
    const verify = spawnSync('systemd-analyze', ['verify', '--man=no', ...(options.isUser ? ['--user'] : []), file], {
      encoding: 'utf8',
      env,
    })
    expect({ status: verify.status, stderr: verify.stderr }).toEqual({ status: 0, stderr: '' })
    const text = execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', file], { encoding: 'utf8' })
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(text)?.[1])).toBeLessThan(2)
  })
})
