import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { silentLog } from '../../../test/support/silent-log.ts'
import { defineOperation } from '../../core/operation.ts'
import type { Call } from './call.ts'
import type { Feed } from './feed.ts'
import { createResources } from './resources.ts'
import { standardChoice } from './selection.ts'
import { createMcpServer } from './server.ts'
import { createSubscriptions } from './subscriptions.ts'

const get = defineOperation({
  id: 'things.get',
  summary: 'Show one thing',
  effect: 'read',
  input: z.object({ thing: z.string() }),
  output: z.object({}),
  errors: {},
  resource: { uri: 'bus://things/{thing}', title: 'A thing', description: 'One thing.', touchedBy: () => undefined },
})
const resources = createResources([get])

/** A feed that tells what the test says. */
function createFakeFeed() {
  const watchers = new Set<(uri: string) => void>()
  const feed: Feed = {
    watch: (onChanged) => {
      watchers.add(onChanged)
      return () => watchers.delete(onChanged)
    },
    close: async () => {},
  }
  const tell = (uri: string) => {
    for (const onChanged of watchers) onChanged(uri)
  }
  return { feed, watchers, tell }
}

function start() {
  const { feed, watchers, tell } = createFakeFeed()
  const sent: string[] = []
  const subscriptions = createSubscriptions(feed, resources, (uri) => sent.push(uri))
  return { subscriptions, sent, watchers, tell }
}

describe('subscriptions', () => {
  it('tell of a change under each URI that the client named, however it encoded it', () => {
    const { subscriptions, sent, tell } = start()
    for (const uri of ['bus://things/a:b', 'bus://things/a%3Ab', 'bus://things/a:b']) {
      expect(subscriptions.add(uri)).toBe(true)
    }
    tell('bus://things/a%3Ab')
    tell('bus://things/other')
    expect(sent).toEqual(['bus://things/a:b', 'bus://things/a%3Ab'])
    subscriptions.delete('bus://things/a:b')
    tell('bus://things/a%3Ab')
    expect(sent.slice(2)).toEqual(['bus://things/a%3Ab'])
  })

  it('watch once, from the first to the last of them', () => {
    const { subscriptions, watchers } = start()
    expect(subscriptions.add('bus://nothing')).toBe(false)
    expect(watchers.size).toBe(0)
    for (const thing of ['a', 'b']) subscriptions.add(`bus://things/${thing}`)
    expect(watchers.size).toBe(1)
    for (const uri of ['bus://things/a', 'bus://things/a', 'bus://nothing']) subscriptions.delete(uri)
    expect(watchers.size).toBe(1)
    subscriptions.delete('bus://things/b')
    expect(watchers.size).toBe(0)
    subscriptions.add('bus://things/a')
    expect(watchers.size).toBe(1)
    subscriptions.close()
    expect(watchers.size).toBe(0)
  })
})

describe('the subscriptions of a connection', () => {
  it('end with it', async () => {
    const { feed, watchers } = createFakeFeed()
    const look: Call = async () => ({ ok: true, value: {} })
    const server = createMcpServer(
      {
        tools: [],
        choice: standardChoice,
        resources,
        prompts: [],
        look,
        feed,
        instructions: '',
        version: '1.0.0',
        log: silentLog,
      },
      () => ({ call: look, agentId: undefined }),
    )
    const [ours, theirs] = InMemoryTransport.createLinkedPair()
    await server.connect(ours)
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } })
    await client.connect(theirs)
    await client.subscribeResource({ uri: 'bus://things/a' })
    expect(watchers.size).toBe(1)
    await client.close()
    expect(watchers.size).toBe(0)
  })
})
