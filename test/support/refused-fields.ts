import { hello, type Refusal, write, writes } from './refusals.ts'

type Faults = Readonly<Record<string, unknown>>

/** What no line of text may be. */
const lineFaults: Faults = {
  null: null,
  'a number': 7,
  'a list': ['a'],
  'an object': { a: 1 },
  empty: '',
  blank: ' \u00a0 ',
  'two lines': 'a\nb',
  'with a tab': 'a\tb',
  'with NUL': 'a\0b',
  'with an escape sequence': '\u001b[31mred',
  'with a control character of C1': 'a\u0085b',
  'with half a surrogate pair': 'a\ud83d',
}

const faultsByField: Readonly<Record<string, Faults>> = {
  topic: { ...lineFaults, missing: undefined, 'too long': 'é'.repeat(129) },
  sender: { ...lineFaults, missing: undefined, 'too long': '🚌'.repeat(129) },
  owner: { ...lineFaults, missing: undefined, 'too long': 'a'.repeat(129) },
  session: { ...lineFaults, 'too long': 'a'.repeat(129) },
  note: { ...lineFaults, 'too long': 'a'.repeat(501) },
  body: {
    missing: undefined,
    null: null,
    'a number': 7,
    empty: '',
    'one byte too long': `${'é'.repeat(32_768)}x`,
    'with NUL': 'a\0b',
    'with a bell': 'a\u0007b',
    'with a lone carriage return': 'safe\rhidden',
    'with half a surrogate pair': 'a\udc00',
  },
  action_flag: { null: null, 'a word': 'true', 'a number': 1 },
  lease_s: { null: null, zero: 0, negative: -1, 'a word': '300', true: true, 'a list': [300] },
  fence: { null: null, negative: -1, 'a fraction': 1.5, 'a word': '1', 'beyond every integer': 2 ** 53, huge: 1e308 },
}

const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  'messages.post': ['topic', 'sender', 'body', 'action_flag'],
  'messages.ack': ['sender'],
  'lanes.claim': ['owner', 'lease_s', 'session', 'note'],
  'lanes.heartbeat': ['owner', 'lease_s', 'session', 'fence'],
  'lanes.release': ['owner', 'session', 'fence', 'note'],
}

const inBody = Object.entries(fieldsOf).flatMap(([operation, fields]) =>
  fields.flatMap((field) =>
    Object.entries(faultsByField[field] ?? {}).map(([fault, value]) => {
      const { path = '', body = {} } = writes[operation] ?? {}
      return invalid(operation, field, fault, write(path, { ...body, [field]: value }))
    }),
  ),
)

/** As they stand in the path, still encoded. */
const laneFaults = {
  empty: '',
  'with a dot in front': '.feeds',
  'with a blank': 'a%20b',
  'with a slash': 'a%2Fb',
  'with NUL': 'a%00b',
  'with a letter of no ASCII': '%C3%A9',
  'with a broken escape': 'a%zz',
  'too long': 'a'.repeat(129),
}

const inPath = [
  ...Object.entries(laneFaults).flatMap(([fault, lane]) => [
    ...['claim', 'heartbeat', 'release'].map((verb) =>
      invalid(`lanes.${verb}`, 'lane', fault, write(`/lanes/${lane}/${verb}`, { owner: 'session-A' })),
    ),
    invalid('lanes.history', 'lane', fault, { path: `/api/bus/lanes/${lane}/history` }),
    invalid('lanes.get', 'lane', fault, { path: `/api/bus/lanes/${lane}` }),
  ]),
  ...['0', '-1', '1.5', 'abc', '1%00', '1e3', '99999999999999999999', '%zz', ''].flatMap((id) => [
    invalid('messages.ack', 'id', `'${id}'`, write(`/messages/${id}/ack`, { sender: 'session-A' })),
    invalid('messages.get', 'id', `'${id}'`, { path: `/api/bus/messages/${id}` }),
  ]),
]

const integerFaults = ['', 'abc', '1.5', '1e2', '-1', 'NaN', 'Infinity', '99999999999999999999', '0x10']
const queryFaults: readonly [operation: string, path: string, field: string, texts: readonly string[]][] = [
  ['messages.read', '/messages', 'limit', [...integerFaults, '0', '501']],
  ['messages.read', '/messages', 'since_id', integerFaults],
  ['messages.read', '/messages', 'before_id', [...integerFaults, '0', '7&since_id=1', '7&wait_s=1']],
  ['messages.read', '/messages', 'flagged', ['', 'yes', '2']],
  ['messages.read', '/messages', 'topic', ['', '%20', 'a%0Ab', 'a%00', 'a'.repeat(129)]],
  ['messages.read', '/messages', 'sender', ['', '%20', 'a%0Ab', 'a%00', 'a'.repeat(129)]],
  ['lanes.list', '/lanes', 'limit', [...integerFaults, '0', '501']],
  ['lanes.list', '/lanes', 'state', ['', 'busy', 'HELD']],
  ['lanes.list', '/lanes', 'owner', ['', 'a%00']],
  ['lanes.list', '/lanes', 'after', ['', '.a', 'a%2Fb']],
  ['lanes.timeline', '/timeline', 'window_s', [...integerFaults, '59', '604801']],
  ['lanes.timeline', '/timeline', 'limit', [...integerFaults, '0', '5001']],
  ['lanes.history', '/lanes/feeds/history', 'limit', [...integerFaults, '0', '501']],
  ['lanes.history', '/lanes/feeds/history', 'before_rev', [...integerFaults, '0']],
]

const inQuery = queryFaults.flatMap(([operation, path, field, texts]) =>
  texts.map((text) =>
    invalid(operation, field, `'${text.slice(0, 24)}'`, { path: `/api/bus${path}?${field}=${text}` }),
  ),
)

function invalid(operation: string, field: string, fault: string, request: Refusal['request']): Refusal {
  return { operation, when: `${field}: ${fault}`, request, status: 422, code: 'invalid_request', field }
}

/** Every field of every route with everything that it must not be. */
export const refusedFields: readonly Refusal[] = [
  ...inBody,
  ...inPath,
  ...inQuery,
  invalid('lanes.claim', 'lease_s', 'beyond every number', write('/lanes/own/claim', '{"owner":"a","lease_s":1e999}')),
]

/** Bodies that are no JSON object in UTF-8. */
export const refusedBodies: readonly Refusal[] = Object.entries({
  'cut off': JSON.stringify(hello).slice(0, -1),
  'a list': JSON.stringify([hello]),
  'a word': '"converge"',
  null: 'null',
  'a number': '7',
  'two objects': JSON.stringify(hello).repeat(2),
  'a form': 'topic=converge&sender=session-A&body=x',
  'with a comment': `// hello\n${JSON.stringify(hello)}`,
  'not UTF-8': Buffer.from(JSON.stringify({ ...hello, body: 'é' }), 'latin1'),
  'a surrogate in UTF-8': Buffer.from(JSON.stringify(hello).replace('merged', 'XXX')).map((byte, index, bytes) =>
    byte === 0x58 ? ([0xed, 0xa0, 0x80][index - bytes.indexOf(0x58)] ?? byte) : byte,
  ),
  '100,000 lists deep': `{"topic":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  '100,000 opened lists': '['.repeat(100_000),
  '33 objects deep where nobody looks': JSON.stringify({ ...hello, unknown: nest(32) }),
}).map(([fault, body]) => ({
  operation: 'messages.post',
  when: `a body that is ${fault}`,
  request: { ...write('/message', ''), body },
  status: 422,
  code: 'invalid_json',
}))

/** An object that nests to a depth, itself included. */
export function nest(depth: number): unknown {
  return depth === 0 ? null : { inner: nest(depth - 1) }
}
