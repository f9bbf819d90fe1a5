import { completable, type GetPromptResult, type McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { PromptArgument, PromptSpec } from '../../core/capability.ts'
import type { AnyOperation } from '../../core/operation.ts'
import type { Call } from './call.ts'
import { createNames } from './names.ts'
import { readText } from './offer-resources.ts'
import type { Resource } from './resources.ts'
import type { CallerOf } from './tools.ts'

/** A prompt, with what it takes. Built once: building schemas costs more than a whole request. */
export interface Prompt {
  readonly spec: PromptSpec
  readonly argsSchema: z.ZodObject<Record<string, z.ZodType<string | undefined>>>
}

/** @param look Reads the names that the arguments can have. */
export function createPrompts(
  specs: readonly PromptSpec[],
  operations: readonly AnyOperation[],
  look: Call,
): readonly Prompt[] {
  return specs.map((spec) => {
    const fields = Object.entries(spec.args).map(([name, argument]) => [
      name,
      toSchema(name, argument, operations, look),
    ])
    return { spec, argsSchema: z.object(Object.fromEntries(fields)) }
  })
}

/** Puts the prompts on a server; what they embed is read when they are asked for. */
export function offerPrompts(
  server: McpServer,
  { prompts, resources }: { readonly prompts: readonly Prompt[]; readonly resources: readonly Resource[] },
  callerOf: CallerOf,
): void {
  for (const { spec, argsSchema } of prompts) {
    const { name, title, description, write } = spec
    server.registerPrompt(name, { title, description, argsSchema }, async (args, { mcpReq, http }) => {
      const { text, embeds } = write(args)
      const { call } = callerOf(http?.req?.headers)
      const embedded = await Promise.all(embeds.map((uri) => readOrExplain(resources, uri, call, mcpReq.signal)))
      return { description, messages: [toMessage({ type: 'text', text }), ...embedded.map(toMessage)] }
    })
  }
}

function toSchema(
  name: string,
  { description, required, names }: PromptArgument,
  operations: readonly AnyOperation[],
  look: Call,
): z.ZodType<string | undefined> {
  const text = z.string({ error: `${name} is required: ${description}` }).describe(description)
  const field = required ? text : text.optional()
  if (names === undefined) return field
  const { complete } = createNames(names, operations)
  return completable(field, (start) => complete(start ?? '', look))
}

type Content = GetPromptResult['messages'][number]['content']

function toMessage(content: Content): GetPromptResult['messages'][number] {
  return { role: 'user', content }
}

/** A prompt without the bus's news is still a prompt; that they are missing is said. */
async function readOrExplain(
  resources: readonly Resource[],
  uri: string,
  call: Call,
  signal: AbortSignal,
): Promise<Content> {
  try {
    const text = await readText(resources, uri, call, signal)
    return { type: 'resource', resource: { uri, mimeType: 'application/json', text } }
  } catch (error) {
    return { type: 'text', text: `${uri} could not be read: ${error instanceof Error ? error.message : String(error)}` }
  }
}
