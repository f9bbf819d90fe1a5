import { describe, expect, it } from 'vitest'
import stored from './holes.json' with { type: 'json' }
import { compareHoles, countHoles, findBareCasts, findHoles } from './support/holes.ts'
import { blank } from './support/source.ts'
import { readProduct } from './support/tree.ts'

const product = readProduct()

const kindsIn = (text: string) => findHoles([{ path: 'src/a.ts', text }]).map(({ kind }) => kind)

describe('holes in the types', () => {
  it('are as many as test/rules/holes.json says, and no more', () => {
    expect(compareHoles(countHoles(findHoles(product)), stored)).toEqual([])
  })

  it('are never an any nor a non-null assertion', () => {
    expect({ any: stored.any, nonNull: stored.nonNull }).toEqual({ any: 0, nonNull: 0 })
  })

  it('are told when there is one more than stored, and when there is one fewer', () => {
    const more = { ...stored, cast: stored.cast + 1 }
    expect(compareHoles(more, stored)).toEqual([`cast: ${more.cast} holes, at most ${stored.cast} allowed`])
    expect(compareHoles(stored, more)).toEqual([`cast: lower the number in test/rules/holes.json to ${stored.cast}`])
  })

  it.each([
    ['any', 'const a: any = 1'],
    ['any', 'function f(list: any[]): void {}'],
    ['any', 'const a: Record<string, any> = {}'],
    ['any', 'const schema = z.any()'],
    ['nonNull', 'const a = list[0]!.name'],
    ['nonNull', 'const a = find()!'],
    ['nonNull', 'class A { name!: string }'],
    ['cast', 'const a = value as Lane'],
    ['cast', 'const a = (value as unknown)'],
    ['cast', `const text = \`\${value as string}\``],
    ['tsComment', '// @ts-expect-error: it is wrong'],
    ['biomeIgnore', 'f() // biome-ignore lint: because'],
  ])('are seen: %s in %s', (kind, text) => {
    expect(findHoles([{ path: 'src/a.ts', text: `\n${text}` }])).toEqual([{ kind, path: 'src/a.ts', line: 2 }])
  })

  it.each([
    "import type * as contract from './contract.ts'",
    "import {\n  serve as serveStdio,\n} from './stdio.ts'",
    "export { claim as claimLane } from './contract.ts'",
    'const kinds = [1, 2] as const',
    'const signal = AbortSignal.any([one, other])',
    'type Verbs = { [Id in Ids as Verb<Id>]: Method<Id> }',
    'const isOther = a !== b && !c',
    '// any word, as said; never null!',
    `const text = 'any word as said!' + \`as \${1} any!\``,
    'const pattern = /any as "x!/',
  ])('are not seen in %s', (text) => {
    expect(kindsIn(text)).toEqual([])
  })
})

describe('casts', () => {
  it('have their reason beside them', () => {
    expect(findBareCasts(product)).toEqual([])
  })

  it('are told when there is none, or only one further off', () => {
    const text = '// Far off.\n\nconst a = value as Lane'
    expect(findBareCasts([{ path: 'src/a.ts', text }])).toEqual(['src/a.ts:3 casts without a reason beside it'])
    expect(findBareCasts([{ path: 'src/a.ts', text: '// The reason.\nconst a = value as Lane' }])).toEqual([])
    expect(findBareCasts([{ path: 'src/a.ts', text: 'const a = value as Lane // The reason.' }])).toEqual([])
  })
})

describe('blank', () => {
  it('keeps code and lines, also inside templates, and takes division for no regular expression', () => {
    const source = `const a = \`x \${f({ b: 'y' })} z\` / 2 // c\nreturn /'/.test(d) /* e\n*/ ? 1 : 2`
    expect(blank(source, 'comment', 'literal')).toBe(
      `const a = \`  \${f({ b: ' ' })}  \` / 2     \nreturn / /.test(d)     \n   ? 1 : 2`,
    )
  })
})
