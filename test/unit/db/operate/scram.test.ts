import { describe, expect, it } from 'vitest'
import { isVerifierOf, scramVerifier } from '../../../../db/operate/scram.ts'

/** RFC 7677, section 3: user "user", password "pencil", with what that exchange says of its keys computed by PostgreSQL. */
const RFC_SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const RFC_VERIFIER =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='

describe('the verifier of a password', () => {
  it('is what PostgreSQL keeps', () => {
    expect(scramVerifier('pencil', RFC_SALT)).toBe(RFC_VERIFIER)
  })

  it('has a salt of its own each time, and is known by the password alone', () => {
    const [one, other] = [scramVerifier('pencil'), scramVerifier('pencil')]
    expect(one).not.toBe(other)
    expect([isVerifierOf(one, 'pencil'), isVerifierOf(other, 'pencil'), isVerifierOf(one, 'pencils')]).toEqual([true, true, false])
    expect(['', 'md5d41d8cd98f00b204e9800998ecf8427e', 'pencil'].map((text) => isVerifierOf(text, 'pencil'))).toEqual([false, false, false])
  })
})
