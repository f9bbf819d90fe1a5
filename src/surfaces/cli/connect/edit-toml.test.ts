import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import type { Wanted } from './edit.ts'
import { editToml, renderToml } from './edit-toml.ts'
import { findSections } from './toml-sections.ts'

const wanted: Wanted = {
  table: 'mcp_servers',
  name: 'bus',
  entry: { command: 'node', args: ['C:\\bus\\main.js'], env: { BUS_MCP_AGENT_ID: 'builder' } },
  inputs: [],
}
const block = `[mcp_servers.bus]
command = "node"
args = [ "C:\\\\bus\\\\main.js" ]

[mcp_servers.bus.env]
BUS_MCP_AGENT_ID = "builder"
`

describe('a TOML file', () => {
  it('is made when there is none, and is left alone the second time', () => {
    expect(renderToml(wanted)).toBe(block)
    expect(editToml('', wanted)).toEqual({ text: block, outcome: 'added' })
    expect(editToml(block, wanted)).toEqual({ text: block, outcome: 'unchanged' })
    expect(parse(block)).toEqual({ mcp_servers: { bus: wanted.entry } })
  })

  it('gets the table at its end, and keeps all that it had to the letter', () => {
    const text = `# mine
model = "o4"   # the model
big = 9223372036854775807

[mcp_servers.other] # the other
command = "x"
args = [
  "a", # why
]`
    const { text: edited, outcome } = editToml(text, wanted)
    expect(outcome).toBe('added')
    expect(edited).toBe(`${text}\n\n${block}`)
  })

  it('has the lines of the former table replaced, wherever they are, and not the comments of the next one', () => {
    const text = `model = "o4"

[ mcp_servers . "bus" ] # ours
command = "old"
args = [
  "[mcp_servers.x]",
]
note = """
[mcp_servers.y]
"""

# about the next
[mcp_servers.other]
command = "x"

[mcp_servers.bus.env]
A = "b"
# the end`
    expect(editToml(text, wanted)).toEqual({
      outcome: 'replaced',
      text: `model = "o4"

${block.trimEnd()}

# about the next
[mcp_servers.other]
command = "x"

# the end`,
    })
  })

  it('keeps the line ends of Windows', () => {
    const { text } = editToml('a = 1\r\n\r\n[mcp_servers.bus]\r\ncommand = "old"\r\n', wanted)
    expect(text).toBe(`a = 1\n\n${block}`.replaceAll('\n', '\r\n'))
  })

  it('takes the same entry written in another way for the same', () => {
    const text =
      "[mcp_servers]\nbus = { args = ['C:\\bus\\main.js'], command = 'node', env.BUS_MCP_AGENT_ID = 'builder' }\n"
    expect(editToml(text, wanted)).toEqual({ text, outcome: 'unchanged' })
  })

  it.each([
    ['no TOML', 'a = 1\nb = \n', 'is no TOML: line 2 cannot be read'],
    ['servers that are none', 'mcp_servers = 1', 'has something else under "mcp_servers" than servers'],
    [
      'an entry inside of another table',
      '[mcp_servers]\nbus = { command = "old" }',
      'written as part of another table',
    ],
    ['a table that takes no more', 'mcp_servers = { other = { command = "x" } }', 'cannot be read'],
  ])('is refused when it has %s', (_, text, message) => {
    expect(() => editToml(text, wanted)).toThrow(message)
  })
})

describe('the tables of a TOML file', () => {
  it('are found by their headers, and not in strings, lists and comments', () => {
    const text = `top = 1
[a]
text = """
[no]
"quoted" \\"""
[no]
""""
raw = '''
[no]
'''
one = "[no] \\" [no]" # [no]
list = [
  ["no"],
  { x = "]" },
]
  [a."b.c"]
[[d]]
# [no]

[e]`
    expect(findSections(text)).toEqual([
      { path: ['a'], start: 1, end: 15 },
      { path: ['a', 'b.c'], start: 15, end: 16 },
      { path: ['d'], start: 16, end: 17 },
      { path: ['e'], start: 19, end: 20 },
    ])
  })
})
