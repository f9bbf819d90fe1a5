import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { busSettings, type Setting } from '../../src/settings.ts'
import { checkDockerfile, readDockerfile } from './support/dockerfile.ts'
import { ROOT } from './support/tree.ts'

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')
const text = read('Dockerfile')
const ignored = read('.dockerignore')
const variables = Object.values<Setting>(busSettings).flatMap(({ env }) => env ?? [])
const check = (changed: string, hidden = ignored) =>
  checkDockerfile(readDockerfile(changed), hidden, variables, (path) => existsSync(join(ROOT, path)))

describe('the Dockerfile', () => {
  it('copies what is there and admitted, sets what is a setting, brings no secret, and is not run by root', () => {
    expect(readDockerfile(text).copied.length).toBeGreaterThan(3)
    expect(check(text)).toEqual([])
  })

  it.each([
    [text.replace('COPY src src', 'COPY src sources src'), 'sources is copied and not there'],
    [text.replace('COPY src src\n', ''), '.dockerignore admits src for nothing'],
    [text.replace('BUS_PORT=', 'BUS_PROT='), 'BUS_PROT is no setting'],
    [text.replace('BUS_PORT=', 'BUS_WRITE_SECRET=x BUS_PORT='), 'the image brings a secret'],
    [text.replace('USER node\n', ''), 'the bus runs as root'],
    [text.replace('USER node', 'USER root'), 'the bus runs as root'],
  ])('is told when it does not (%#)', (changed, breach) => {
    expect(check(changed)).toContain(breach)
  })

  it('is told when .dockerignore hides what it copies', () => {
    expect(check(text, ignored.replace('!scripts\n', ''))).toEqual(['scripts is copied and .dockerignore hides it'])
  })
})
