import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { capabilities } from '../../src/capabilities/index.ts'
import { listOperations } from '../../src/core/capability.ts'
import { commonErrors } from '../../src/core/errors.ts'
import { type AnyOperation, defineOperation } from '../../src/core/operation.ts'
import { toolSettings } from '../../src/settings.ts'
import { programCommands } from '../../src/surfaces/cli/help.ts'
import { toolsetOf } from '../../src/surfaces/mcp/selection.ts'
import { type Contract, checkCommands, checkErrorCodes, checkIds, checkTools } from './support/contracts.ts'
import { checkRoutes } from './support/routes.ts'
import { readTree } from './support/tree.ts'

const operations = listOperations(capabilities).map(({ operation }) => operation)
const ownCommands = programCommands.map(({ usage }) => usage)

/** The tools of the first bus, in its order: agents and their prompts know them by these names. */
const SEED_TOOLS = ['post_message', 'read_messages', 'claim_lane', 'release_lane', 'heartbeat_lane', 'get_bus_status']

async function readContracts(): Promise<Contract[]> {
  const folders = readTree('src/capabilities', '/contract.ts').map(({ path }) => path.split('/')[2] ?? '')
  return Promise.all(
    folders.map(async (capability) => ({
      capability,
      exports: await import(`../../src/capabilities/${capability}/contract.ts`),
      operations: capabilities.filter(({ name }) => name === capability).flatMap((found) => toOperations(found)),
    })),
  )
}

function toOperations(capability: (typeof capabilities)[number]): AnyOperation[] {
  return listOperations([capability]).map(({ operation }) => operation)
}

/** A sound operation, with what a test plants in it. */
function plant(changes: Partial<AnyOperation> = {}): AnyOperation {
  const sound: AnyOperation = defineOperation({
    id: 'lanes.take',
    summary: 'Take a lane',
    effect: 'write',
    input: z.object({ lane: z.string().describe('Which.') }),
    output: z.object({}),
    errors: {},
  })
  return { ...sound, ...changes }
}

const tool = { name: 'take_lane', title: 'Take', description: 'Takes it.', idempotent: true, destructive: false }

describe('operation ids', () => {
  it('are unique and name the capability and the export; and every operation of a contract is offered', async () => {
    const contracts = await readContracts()
    const withOperations = capabilities.filter(({ operations }) => operations.length > 0)
    expect(contracts.map(({ capability }) => capability).sort()).toEqual(withOperations.map(({ name }) => name).sort())
    expect(checkIds(contracts)).toEqual([])
  })

  it('are told when they are wrong, come twice, or are not offered', () => {
    const take = plant()
    const check = (exports: Contract['exports'], offered: AnyOperation[]) =>
      checkIds([{ capability: 'lanes', exports, operations: offered }])
    expect(check({ take }, [take])).toEqual([])
    expect(check({ grab: take }, [take])).toEqual(['lanes.take is not the name of its export in lanes/contract.ts'])
    expect(check({ take }, [take, take])).toEqual(['operation lanes.take comes twice'])
    expect(check({ take }, [])).toEqual(['lanes.take is in the contract and not offered'])
  })
})

describe('tools', () => {
  it('are the six of the first bus, in its order, unless somebody asks for more', () => {
    const core = operations.filter(({ tool }) => tool && tool.toolset === undefined)
    expect(core.map((operation) => operation.tool?.name)).toEqual(SEED_TOOLS)
  })

  it('have unique names, flat inputs, and short descriptions of themselves and every field', () => {
    expect(checkTools(operations)).toEqual([])
  })

  it.each([
    [plant({ tool: { ...tool, name: 'takeLane' } }), 'tool takeLane is not in snake_case'],
    [plant({ tool: { ...tool, description: '' } }), 'tool take_lane has no description'],
    [plant({ tool: { ...tool, description: 'x'.repeat(401) } }), 'tool take_lane: 401 characters of description'],
    [plant({ tool: { ...tool, hides: ['session'] } }), 'tool take_lane hides no field session'],
    [plant({ tool: { ...tool, argumentNotes: { place: 'x' } } }), 'tool take_lane says something of no field place'],
    [plant({ tool: { ...tool, defaults: { place: 'x' } } }), 'tool take_lane says something of no field place'],
    [plant({ tool: { ...tool, grants: 'place' } }), 'tool take_lane grants or ends no field place'],
    [plant({ tool: { ...tool, ends: 'place' } }), 'tool take_lane grants or ends no field place'],
    [plant({ tool, input: z.object({ a: z.string() }) }), 'tool take_lane: a is not described'],
    [plant({ tool, input: z.object({ a: z.object({}).describe('A.') }) }), 'tool take_lane: a is not flat'],
    [plant({ tool, input: z.object({ a: z.array(z.object({})).describe('A.') }) }), 'tool take_lane: a is not flat'],
  ])('are told when they break a rule: %#', (planted, breach) => {
    expect(checkTools([planted])).toEqual([breach])
  })

  it('are told when a name comes twice', () => {
    expect(checkTools([plant({ tool }), plant({ tool })])).toEqual(['tool take_lane comes twice'])
  })
})

describe('toolsets', () => {
  it('are all named where their setting is told, for it cannot know them', () => {
    const named = /commas: (.*); or all\./.exec(toolSettings.toolsets.summary)?.[1]?.split(', ')
    const existing = operations.flatMap(({ tool }) => (tool ? [toolsetOf(tool)] : []))
    expect(named?.sort()).toEqual([...new Set(existing)].sort())
  })
})

describe('routes', () => {
  const route = (method: 'GET' | 'POST', path: `/${string}`) => plant({ http: { method, path } })

  it('do not overlap, and take their parameters from the input', () => {
    expect(checkRoutes(operations)).toEqual([])
  })

  it('are told when two could answer one request', () => {
    const overlap = 'POST /lanes/{lane} (lanes.take) overlaps /lanes/take (lanes.take)'
    expect(checkRoutes([route('POST', '/lanes/{lane}'), route('POST', '/lanes/take')])).toEqual([overlap])
    expect(checkRoutes([route('POST', '/lanes'), route('POST', '/lanes')])).toHaveLength(1)
    expect(checkRoutes([route('GET', '/lanes/{lane}'), route('POST', '/lanes/take')])).toEqual([])
    expect(checkRoutes([route('POST', '/lanes/{lane}'), route('POST', '/lanes/{lane}/take')])).toEqual([])
  })

  it('are told when a parameter is no input field', () => {
    expect(checkRoutes([route('POST', '/x/{name}')])).toEqual(['lanes.take has no input field name for /x/{name}'])
  })
})

describe('commands', () => {
  it('have unique names and take their positionals, their actor and their session from the input', () => {
    expect(checkCommands(operations, ownCommands)).toEqual([])
  })

  it('are told when they break a rule', () => {
    const command = { name: 'take', positionals: [] }
    expect(checkCommands([plant({ command }), plant({ command })], [])).toEqual(['command take comes twice'])
    expect(checkCommands([plant({ command })], ['take'])).toEqual(["command take is the program's own"])
    const astray = plant({ command: { name: 'take', positionals: ['name'] }, actor: 'owner', session: 'process' })
    expect(checkCommands([astray], [])).toEqual([
      'lanes.take has no input field name',
      'lanes.take has no input field owner',
      'lanes.take has no input field process',
    ])
  })
})

describe('error codes', () => {
  it('are snake_case and of one kind each', () => {
    expect(checkErrorCodes(operations, commonErrors)).toEqual([])
  })

  it('are told when they are not', () => {
    const errors = { laneHeld: { kind: 'busy', summary: '' }, internal: { kind: 'conflict', summary: '' } } as const
    expect(checkErrorCodes([plant({ errors })], commonErrors)).toEqual([
      'error code laneHeld is not in snake_case',
      'error code internal is of two kinds: internal and conflict',
    ])
  })
})
