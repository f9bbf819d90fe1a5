import type { Fields, ToolAnswer, ToolClient } from './mcp.ts'

/** A call, as an agent makes it. */
export interface ScriptedCall {
  readonly tool: string
  readonly args: Fields
}

export interface Step extends ScriptedCall, ToolAnswer {}

/**
 * An agent without a model. It knows the list of tools and the texts of refusals, nothing else: it makes the call that it
 * was told to make, and after a refusal the one that the refusal names, to the letter.
 */
export interface ScriptedAgent {
  readonly steps: readonly Step[]
  /** Makes a call. */
  call(tool: string, args?: Fields): Promise<Step>
  /**
   * Makes the call that the last refusal names.
   *
   * @param which Which of those that it names, from 0.
   */
  follow(which?: number): Promise<Step>
  /** Makes a call, and follows what refusals name until one succeeds; fails after five. */
  getThrough(tool: string, args?: Fields): Promise<Step>
}

/** @param name What it calls itself where it has to fill that in. */
export async function createScriptedAgent({ client, call }: ToolClient, name: string): Promise<ScriptedAgent> {
  const { tools } = await client.listTools()
  const known = new Set(tools.map((tool) => tool.name))
  const steps: Step[] = []

  const make = async (tool: string, args: Fields = {}): Promise<Step> => {
    if (!known.has(tool)) throw new Error(`there is no tool ${tool}`)
    const step = { tool, args, ...(await call(tool, { ...args })) }
    steps.push(step)
    return step
  }
  const follow = (which = 0): Promise<Step> => {
    const last = steps.at(-1)
    if (!last?.isError) throw new Error('the last call was not refused')
    const next = listCalls(String(last.error.hint ?? last.error.message), known)[which]
    if (!next) throw new Error(`the refusal names no call ${which}: ${JSON.stringify(last.error)}`)
    return make(next.tool, fillIn(next.args, last.args, name))
  }
  return {
    steps,
    call: make,
    follow,
    getThrough: async (tool, args) => {
      let step = await make(tool, args)
      for (let tries = 0; step.isError; tries += 1) {
        if (tries === 5) throw new Error(`still refused: ${JSON.stringify(step.error)}`)
        step = await follow()
      }
      return step
    },
  }
}

/** The calls of known tools that a text names, as in `claim_lane(lane="feeds", wait_s=55)`. */
export function listCalls(text: string, known: ReadonlySet<string>): ScriptedCall[] {
  const calls = text.matchAll(/(\w+)\(((?:"(?:[^"\\]|\\.)*"|[^()"])*)\)/g)
  return [...calls].flatMap(([, tool = '', list = '']) => {
    if (!known.has(tool)) return []
    const pairs = list.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[^,\s]+)/g)
    const args = [...pairs].map(([, field = '', value = '']) => [field, JSON.parse(value)])
    return { tool, args: Object.fromEntries(args) }
  })
}

/** Puts one's own words where a call leaves room for them: those of the call before, as far as they are not too long. */
function fillIn(args: Fields, before: Fields, name: string): Fields {
  return Object.fromEntries(
    Object.entries(args).map(([field, value]) => {
      if (value !== '…') return [field, value]
      if (field === 'owner' || field === 'sender') return [field, name]
      const own = before[field]
      return [field, typeof own === 'string' && own !== '' ? own.slice(0, 100) : `words of ${name}`]
    }),
  )
}
