import { setTimeout as wait } from 'node:timers/promises'
import { type CallToolResult, completable, type McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { registerAskingTools } from './conformance-asking.ts'

/** The smallest PNG: one red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** A WAV file of no samples. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA='

const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const

/** Between two signs of life of a tool, so that the suite sees each. In milliseconds, as the suite says. */
const STEP_MS = 50

/**
 * What the conformance suite calls by name, as its scenarios describe it. The product offers none of this: it is put on a
 * server that is otherwise the product's.
 */
export function registerConformanceFixtures(server: McpServer): McpServer {
  registerContentTools(server)
  registerTalkingTools(server)
  registerAskingTools(server)
  registerResources(server)
  registerPrompts(server)
  return server
}

const contents: Readonly<Record<string, CallToolResult['content']>> = {
  test_simple_text: [{ type: 'text', text: 'This is a simple text response for testing.' }],
  test_image_content: [image],
  test_audio_content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  test_embedded_resource: [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ],
  test_multiple_content_types: [
    { type: 'text', text: 'Multiple content types test:' },
    image,
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: JSON.stringify({ test: 'data', value: 123 }),
      },
    },
  ],
}

function registerContentTools(server: McpServer): void {
  for (const [name, content] of Object.entries(contents)) {
    server.registerTool(name, { description: 'Answers what never changes.' }, () => ({ content }))
  }
  server.registerTool('test_error_handling', { description: 'Fails.' }, () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
}

/** Tools that say something before they answer. */
function registerTalkingTools(server: McpServer): void {
  const done = { content: [{ type: 'text', text: 'done' }] } satisfies CallToolResult
  for (const name of ['test_tool_with_logging', 'test_logging_tool']) {
    server.registerTool(name, { description: 'Logs as it runs.' }, async ({ mcpReq }) => {
      for (const text of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await mcpReq.log('info', text)
        await wait(STEP_MS)
      }
      return done
    })
  }
  server.registerTool('test_tool_with_progress', { description: 'Tells its progress.' }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      const params = { progressToken: progressToken ?? 0, progress, total: 100 }
      if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params })
      await wait(STEP_MS)
    }
    return done
  })
}

function registerResources(server: McpServer): void {
  const text = { mimeType: 'text/plain', description: 'A text.' }
  for (const [name, uri] of [
    ['static-text', 'test://static-text'],
    ['watched-resource', 'test://watched-resource'],
  ] as const) {
    server.registerResource(name, uri, text, () => ({
      contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
    }))
  }
  const picture = { mimeType: 'image/png', description: 'A picture.' }
  server.registerResource('static-binary', 'test://static-binary', picture, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'image/png', blob: PNG }],
  }))
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })
  const data = { mimeType: 'application/json', description: 'Data by its id.' }
  server.registerResource('template', template, data, ({ href }, { id }) => ({
    contents: [
      {
        uri: href,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
      },
    ],
  }))
  // The suite sees only that a subscription is taken: nothing here ever changes.
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
}

function registerPrompts(server: McpServer): void {
  const say = (text: string) => ({ role: 'user' as const, content: { type: 'text' as const, text } })
  server.registerPrompt('test_simple_prompt', { description: 'Without arguments.' }, () => ({
    messages: [say('This is a simple prompt for testing.')],
  }))
  const argument = () => completable(z.string(), (start) => ['paris', 'park'].filter((name) => name.startsWith(start)))
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'With two arguments.', argsSchema: z.object({ arg1: argument(), arg2: argument() }) },
    ({ arg1, arg2 }) => ({ messages: [say(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource.', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => {
      const resource = { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' }
      const content = { type: 'resource' as const, resource }
      return { messages: [{ role: 'user', content }, say('Please process the embedded resource above.')] }
    },
  )
  server.registerPrompt('test_prompt_with_image', { description: 'With a picture.' }, () => ({
    messages: [{ role: 'user', content: image }, say('Please analyze the image above.')],
  }))
}
