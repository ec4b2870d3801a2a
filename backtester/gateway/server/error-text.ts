/** The words of an error message. */

import { Code } from '../protocol/codes.ts'
import type { RequestError } from '../protocol/field-reader.ts'

/** IB's wording around what went wrong. */
export function errorText({ code, message }: RequestError): string {
  switch (code) {
    case Code.badRequest:
      return `Error reading request: ${message}`
    case Code.invalidRequest:
      return `Error validating request: ${message}`
    case Code.failedRequest:
      return `Error processing request: ${message}`
    default:
      return message
  }
}
