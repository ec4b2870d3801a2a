/** Fields of a line of CSV. */

/** What separates the fields of a file, by its header: the one of comma, semicolon, tab and bar that it has most of. */
export function delimiterOf(header: string): string {
  const count = (delimiter: string) => header.split(delimiter).length
  return [',', ';', '\t', '|'].reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best))
}

/** A field may be quoted, with quotes doubled within (RFC 4180). One that holds a line end cannot be read: no row of market data has any. */
export function fieldsOf(line: string, delimiter: string): string[] {
  return line.includes('"') ? quotedFields(line, delimiter) : line.split(delimiter)
}

function quotedFields(line: string, delimiter: string): string[] {
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? ''
    if (character === '"') {
      if (quoted && line[at + 1] === '"') {
        field += '"'
        at++
      } else quoted = !quoted
    } else if (character === delimiter && !quoted) {
      fields.push(field)
      field = ''
    } else field += character
  }
  return [...fields, field]
}
