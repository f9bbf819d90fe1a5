import { randomBytes } from 'node:crypto'
import {
  acceptedContent,
  type CallToolResult,
  createRequestStateCodec,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server'
import * as z from 'zod'

/** State that goes out to the client and comes back only as it was. */
const states = createRequestStateCodec<{ round: number }>({ key: randomBytes(32) })

/** What a server must be made with for the fixtures to be registered on it. */
export const conformanceOptions: ServerOptions = {
  capabilities: { logging: {}, resources: { subscribe: true } },
  requestState: { verify: states.verify },
}

type Requests = Readonly<Record<string, InputRequest>>
type Schema = Parameters<typeof inputRequired.elicit>[0]['requestedSchema']

const elicit = (message: string, requestedSchema: Schema) => inputRequired.elicit({ message, requestedSchema })
const sample = (text: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens })
const askName = (message = 'What is your name?') => elicit(message, z.object({ name: z.string() }))
const askOk = () => elicit('Please confirm', z.object({ ok: z.boolean() }))

/** Each value of a form that has a default (SEP-1034). */
const defaults: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
}

const options = ['option1', 'option2', 'option3']
const titled = ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title }))

/** Each way to choose from a list (SEP-1330). */
const choices: Schema = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Two', 'Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled } },
  },
}

/** Tools that ask, and answer with what they were told: what they ask for. */
const questions: Readonly<Record<string, Requests>> = {
  test_elicitation_sep1034_defaults: { form: elicit('Please fill in', defaults) },
  test_elicitation_sep1330_enums: { form: elicit('Please choose', choices) },
  test_streaming_elicitation: { user_name: askName() },
  // No client declares this unless it has it, and the suite's has not.
  test_missing_capability: { capital_question: sample('What is the capital of France?', 100) },
  test_input_required_result_sampling: { capital_question: sample('What is the capital of France?', 100) },
  test_input_required_result_list_roots: { client_roots: inputRequired.listRoots() },
}

/** The same with a state that has to come back. */
const questionsWithState: Readonly<Record<string, Requests>> = {
  test_input_required_result_request_state: { confirm: askOk() },
  test_input_required_result_tampered_state: { confirm: askOk() },
  test_input_required_result_multiple_inputs: {
    user_name: askName(),
    greeting: sample('Generate a greeting', 50),
    client_roots: inputRequired.listRoots(),
  },
}

type Answer = CallToolResult | InputRequiredResult

const say = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] })

/** Asks until everything was answered, then says what it was told. */
function ask(inputRequests: Requests, { mcpReq }: ServerContext, requestState?: string): Answer {
  const told = mcpReq.inputResponses ?? {}
  if (Object.keys(inputRequests).every((key) => key in told)) return say(`state-ok ${JSON.stringify(told)}`)
  return inputRequired({ inputRequests, ...(requestState === undefined ? {} : { requestState }) })
}

/** Registers the tools and the prompt that ask the client for something. */
export function registerAskingTools(server: McpServer): void {
  const description = 'Asks before it answers.'
  for (const [name, requests] of Object.entries(questions)) {
    server.registerTool(name, { description }, (ctx) => ask(requests, ctx))
  }
  for (const [name, requests] of Object.entries(questionsWithState)) {
    server.registerTool(name, { description }, async (ctx) => ask(requests, ctx, await states.mint({ round: 1 }, ctx)))
  }
  const message = z.object({ message: z.string() })
  server.registerTool('test_elicitation', { description, inputSchema: message }, ({ message }, ctx) =>
    ask({ user: elicit(message, z.object({ username: z.string(), email: z.string() })) }, ctx),
  )
  const prompt = z.object({ prompt: z.string() })
  server.registerTool('test_sampling', { description, inputSchema: prompt }, ({ prompt }, ctx) =>
    ask({ model: sample(prompt, 100) }, ctx),
  )
  server.registerTool('test_input_required_result_elicitation', { description }, (ctx) => {
    const told = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', z.object({ name: z.string() }))
    return told ? say(`Hello, ${told.name}!`) : inputRequired({ inputRequests: { user_name: askName() } })
  })
  server.registerTool('test_input_required_result_capabilities', { description }, (ctx) => {
    const can = server.server.getClientCapabilities()
    return ask(
      {
        ...(can?.sampling ? { greeting: sample('Generate a greeting', 50) } : {}),
        ...(can?.elicitation ? { user_name: askName() } : {}),
      },
      ctx,
    )
  })
  server.registerTool('test_input_required_result_multi_round', { description }, askTwice)
  server.registerPrompt('test_input_required_result_prompt', { description }, ({ mcpReq }) => {
    const schema = z.object({ context: z.string() })
    const told = acceptedContent(mcpReq.inputResponses, 'user_context', schema)
    if (!told) {
      return inputRequired({ inputRequests: { user_context: elicit('What context should the prompt use?', schema) } })
    }
    return { messages: [{ role: 'user', content: { type: 'text', text: `Context: ${told.context}` } }] }
  })
}

async function askTwice(ctx: ServerContext): Promise<Answer> {
  const { inputResponses = {}, requestState } = ctx.mcpReq
  const round = requestState<{ round: number }>()?.round ?? 0
  if (round === 2 && 'step2' in inputResponses) return say('done')
  const isFirst = round === 0 || !('step1' in inputResponses)
  const requests = isFirst
    ? { step1: askName('Step 1: What is your name?') }
    : { step2: elicit('Step 2: What is your favorite color?', z.object({ color: z.string() })) }
  return inputRequired({
    inputRequests: requests,
    requestState: await states.mint({ round: isFirst ? 1 : 2 }, ctx),
  })
}
