import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertNothingElseChanged, type Wanted } from './edit.ts'
import { editJson, renderJson } from './edit-json.ts'

const entry = { command: 'node', args: ['C:\\bus\\main.js'] }
const wanted: Wanted = { table: 'mcpServers', name: 'bus', entry, inputs: [] }
const question = { type: 'promptString', id: 'bus-write-secret', description: 'the secret', password: true }

describe('a JSON file', () => {
  it('is made when there is none, and is left alone the second time', () => {
    const made = editJson('', wanted)
    expect(made).toEqual({ text: renderJson(wanted), outcome: 'added' })
    expect(JSON.parse(made.text)).toEqual({ mcpServers: { bus: entry } })
    expect(editJson(made.text, wanted)).toEqual({ text: made.text, outcome: 'unchanged' })
  })

  it('keeps comments, order, indentation and trailing commas', () => {
    const text = `{
    // mine
    "theme": "dark", /* why not */
    "mcpServers": {
        "other": { "command": "x" }, // the other
    },
}
`
    expect(editJson(text, wanted)).toEqual({
      outcome: 'added',
      text: `{
    // mine
    "theme": "dark", /* why not */
    "mcpServers": {
        "other": { "command": "x" }, // the other
        "bus": {
            "command": "node",
            "args": [
                "C:\\\\bus\\\\main.js"
            ]
        }
    },
}
`,
    })
  })

  it('keeps tabs, the line ends of Windows, and the mark at the beginning', () => {
    const { text } = editJson('\uFEFF{\r\n\t"a": 1\r\n}\r\n', wanted)
    expect(text.startsWith('\uFEFF{\r\n\t"a": 1,\r\n\t"mcpServers": {\r\n\t\t"bus": {')).toBe(true)
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
    expect(editJson(text, wanted).outcome).toBe('unchanged')
  })

  it.each([
    ['{}', '{\n  "mcpServers": {'],
    ['{\n}\n', '{\n  "mcpServers": {'],
    ['{ /* nothing yet */ }', '{ /* nothing yet */\n  "mcpServers": {'],
    ['{"a": [1, 2]}', '{"a": [1, 2],\n  "mcpServers": {'],
    ['{\n  "a": 1 // one\n}', '{\n  "a": 1, // one\n  "mcpServers": {'],
    ['{\n  "a": "x" /* a\n b */\n}', '{\n  "a": "x",\n  "mcpServers": {'],
    ['{\n  "mcpServers": {\n  }\n}', '{\n  "mcpServers": {\n    "bus": {'],
  ])('gets the entry as its layout has it: %j', (text, beginning) => {
    const edited = editJson(text, wanted)
    expect(edited.text.slice(0, beginning.length)).toBe(beginning)
    expect(editJson(edited.text, wanted).outcome).toBe('unchanged')
  })

  it('has another entry of the name replaced, and nothing else', () => {
    const former = {
      mcpServers: { a: { command: 'a' }, bus: { command: 'old', env: { A: 'b' } }, z: { command: 'z' } },
    }
    const { text, outcome } = editJson(JSON.stringify(former, null, 2), wanted)
    expect(outcome).toBe('replaced')
    expect(text).toBe(JSON.stringify({ mcpServers: { ...former.mcpServers, bus: entry } }, null, 2))
  })

  it('takes an entry whose fields stand in another order for the same', () => {
    const text = '{"mcpServers": {"bus": {"args": ["C:\\\\bus\\\\main.js"], "command": "node"}}}'
    expect(editJson(text, wanted)).toEqual({ text, outcome: 'unchanged' })
  })

  it('gets the questions that are missing, beside those that it has', () => {
    const asking = { ...wanted, table: 'servers', inputs: [question] }
    const made = editJson('{"inputs": [{"id": "other"}], "servers": {}}', asking)
    expect(JSON.parse(made.text)).toEqual({ inputs: [{ id: 'other' }, question], servers: { bus: entry } })
    expect(editJson(made.text, asking).outcome).toBe('unchanged')
    expect(JSON.parse(editJson('{}', asking).text)).toEqual({ inputs: [question], servers: { bus: entry } })
    // One of theirs with the same id is theirs.
    const own = { inputs: [{ id: question.id, type: 'command' }], servers: { bus: entry } }
    expect(editJson(JSON.stringify(own), asking).outcome).toBe('unchanged')
  })

  it('tells an entry from what every object has', () => {
    expect(editJson('{"mcpServers": {}}', { ...wanted, name: 'constructor' }).outcome).toBe('added')
  })

  it.each([
    ['no JSON', '{\n"a": 1\noops\n}', 'is no JSON: line 3 cannot be read'],
    ['cut off', '{"mcpServers": {', 'is no JSON: line 1 cannot be read'],
    ['a list', '[]', 'is no JSON object'],
    ['a word', 'null', 'is no JSON object'],
    ['servers that are none', '{"mcpServers": []}', 'has something else under "mcpServers" than servers'],
    [
      'two entries of the name',
      '{"mcpServers": {"bus": {"a": 1}, "bus": {"b": 2}}}',
      'has two entries of the name "bus"',
    ],
  ])('is refused when it is %s', (_, text, message) => {
    expect(() => editJson(text, wanted)).toThrow(message)
  })

  it('is refused when it asks for something else under "inputs"', () => {
    expect(() => editJson('{"inputs": {}}', { ...wanted, inputs: [question] })).toThrow('under "inputs" than a list')
  })
})

describe('the comparison of a file before and after', () => {
  it('finds every change but that of the entry', () => {
    const before = { mcpServers: { other: { command: 'x' }, bus: { command: 'old' } }, theme: 'dark' }
    const compare = (after: Record<string, unknown>) => () => assertNothingElseChanged(before, after, wanted)
    expect(compare({ ...before, mcpServers: { other: { command: 'x' }, bus: entry } })).not.toThrow()
    expect(compare({ ...before, theme: 'light' })).toThrow('changing something else')
    expect(compare({ ...before, mcpServers: { bus: entry } })).toThrow('changing something else')
    expect(compare({ ...before, mcpServers: { other: { command: 'y' }, bus: entry } })).toThrow(
      'changing something else',
    )
  })
})

describe('any JSON file', () => {
  it('holds afterwards what it held, and the entry', () => {
    const key = fc.string().filter((name) => !['__proto__', 'mcpServers'].includes(name))
    const servers = fc.dictionary(key, fc.jsonValue())
    const layout = fc.constantFrom('', '  ', '    ', '\t')
    fc.assert(
      fc.property(servers, fc.option(servers, { nil: undefined }), layout, (rest, mcpServers, indent) => {
        const file = { ...rest, ...(mcpServers === undefined ? {} : { mcpServers }) }
        const { text } = editJson(JSON.stringify(file, null, indent), wanted)
        const expected = { ...file, mcpServers: { ...mcpServers, bus: entry } }
        // As JSON has it, which knows no -0.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(expected)))
      }),
    )
  })
})
