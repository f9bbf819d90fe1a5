import { describe, expect, it } from 'vitest'
import { findJsonExcess } from './json-excess.ts'

const LARGE = 'x'.repeat(20_000)
const find = (text: string) => findJsonExcess(Buffer.from(text))

describe('a text of JSON that is dear to parse', () => {
  it('is told by its depth and by how many values it has, also when it never ends', () => {
    expect(find(`{"a":"${LARGE}","b":${'['.repeat(32)}`)).toBe('nests more than 32 deep')
    expect(find('['.repeat(1_000_000))).toBe('nests more than 32 deep')
    expect(find(`[${'{},'.repeat(9_000)}{}]`)).toBe('has more than 10000 values')
    expect(find(`[${'1,'.repeat(11_000)}1]`)).toBe('has more than 10000 values')
  })

  it('is not one that is long, or that has brackets and commas in its texts', () => {
    expect(find(JSON.stringify({ body: LARGE }))).toBeUndefined()
    expect(find(JSON.stringify({ body: '[{",\\'.repeat(20_000) }))).toBeUndefined()
    expect(find(JSON.stringify({ '[[': `\\${'['.repeat(20_000)}\\`, more: '"'.repeat(20_000) }))).toBeUndefined()
    expect(find(`${'[]'.repeat(31)}"${'['.repeat(20_000)}`)).toBeUndefined()
  })

  it('is found behind texts that end with a backslash', () => {
    expect(find(`{"a":"${LARGE}\\\\","b":${'['.repeat(40)}`)).toBe('nests more than 32 deep')
    expect(find(`{"a":"${LARGE}\\"${'['.repeat(40)}"}`)).toBeUndefined()
  })

  it('is never a short one, which costs nothing', () => {
    expect(find('['.repeat(1_000))).toBeUndefined()
  })
})
