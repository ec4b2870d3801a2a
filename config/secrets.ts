/** Removes passwords from texts for people and logs. */

const MASK = '***'

/** The URL of a database with every password in it replaced by `***`; text that is not a URL is replaced whole. */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return MASK
  const url = new URL(text)
  if (url.password !== '') url.password = MASK
  for (const name of url.searchParams.keys()) if (/pass/i.test(name)) url.searchParams.set(name, MASK)
  return url.href
}

/** Replaces user and password of every URL within a text: the last line of defence, for messages of libraries that quote a file. */
export function scrubUrls(text: string): string {
  return text.replaceAll(/\/\/[^\s/]*:[^\s]*@/g, `//${MASK}@`)
}
