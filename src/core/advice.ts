/**
 * What to call next after a refusal, as the one who was refused reads it: `claim_lane(lane="feeds", wait_s=55)`. In a
 * template `{path}` stands for a value of the refusal or, failing that, of the call, and `{path|other}` for the first of them
 * that is known; an argument whose value is not known is left out. `{again}` stands for the call itself.
 */
export type Advice = string

type Fields = Readonly<Record<string, unknown>>

/** Stands for words of one's own, also where they were too long to repeat. */
export const OWN_WORDS = '…'

/** Longer texts are not repeated: whoever wrote them has them. */
const MAX_REPEATED = 80

/** A call, written as people and models write it. */
export function writeCall(name: string, args: Fields): string {
  const written = Object.entries(args).flatMap(([field, value]) =>
    value === undefined ? [] : [`${field}=${writeValue(value)}`],
  )
  return `${name}(${written.join(', ')})`
}

/**
 * @param again The call that was refused, as `write` writes it.
 * @param facts What the refusal carries, and what was asked for; the first that knows a value wins.
 * @param write How a call is written: for agents when left out.
 */
export function fillAdvice(
  advice: Advice,
  again: string,
  facts: readonly Fields[],
  write: (name: string, args: Fields) => string = writeCall,
): string {
  return advice.replace(/\{again\}|(\w+)\(([^()]*)\)/g, (_, name: string | undefined, list: string) => {
    if (name === undefined) return again
    const args = list.split(', ').filter(Boolean)
    return write(name, Object.fromEntries(args.map((arg) => fillArgument(arg, facts))))
  })
}

/** Undefined when it stands for a value that nobody knows. */
function fillArgument(written: string, facts: readonly Fields[]): [string, unknown] {
  const [field = '', text = ''] = written.split(/=(.*)/s)
  const path = /^\{([\w.|]+)\}$/.exec(text)?.[1]
  if (path === undefined) return [field, JSON.parse(text)]
  const value = path
    .split('|')
    .flatMap((one) => facts.map((known) => follow(known, one)))
    .find((found) => found !== undefined && found !== null)
  return [field, value]
}

function follow(fields: Fields, path: string): unknown {
  return path.split('.').reduce<unknown>((found, part) => {
    const isObject = typeof found === 'object' && found !== null
    return isObject ? new Map(Object.entries(found)).get(part) : undefined
  }, fields)
}

function writeValue(value: unknown): string {
  const text = JSON.stringify(value)
  return typeof value === 'string' && value.length > MAX_REPEATED ? JSON.stringify(OWN_WORDS) : text
}
