/** Loaded before the conformance suite, which imports `fs.globSync`: Node 20 has none, and its scenarios for servers call none. */
import * as fs from 'node:fs'
import { register } from 'node:module'

const asModule = (text) => `data:text/javascript,${encodeURIComponent(text)}`

const complete = asModule(`
  export * from 'node:fs'
  export function globSync() { throw new Error('this Node has no globSync') }`)

const hooks = asModule(`
  export const resolve = (specifier, context, next) => specifier === 'fs' && context.parentURL?.includes('/conformance/')
    ? { url: ${JSON.stringify(complete)}, shortCircuit: true }
    : next(specifier, context)`)

if (!('globSync' in fs)) register(hooks)
