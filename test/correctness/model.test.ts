import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openSession, startTestPostgres } from '../support/postgres-database.ts'
import { limitMs, listRounds, scale } from '../support/scale.ts'
import { createModel } from './model.ts'
import { type ModelBus, openBusOverHttp, openBusWithoutServer } from './model-buses.ts'
import { listCommands } from './model-commands.ts'
import { takeSeed } from './random.ts'

const MAX_COMMANDS = 60

const postgres = startTestPostgres()

/** Compares runs of random commands with the model; a run that differs is shrunk to few commands. */
async function compare(open: () => Promise<ModelBus>, numRuns: number) {
  const seed = takeSeed()
  const startedAt = performance.now()
  let calls = 0
  const openCounted = async (): Promise<ModelBus> => {
    const bus = await open()
    const call: ModelBus['call'] = (id, input, key) => {
      calls += 1
      return bus.call(id, input, key)
    }
    return { ...bus, call }
  }
  const commands = fc.commands(listCommands(), { maxCommands: MAX_COMMANDS, size: 'max' })
  const property = fc.asyncProperty(commands, async (run) => {
    const bus = await openCounted()
    try {
      await fc.asyncModelRun(() => ({ model: createModel(bus.startedAt), real: bus }), run)
    } finally {
      await bus.close()
    }
  })
  const result = await fc.check(property, { numRuns, seed })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  return { result, figures: `${result.numRuns} runs, ${calls} calls, ${seconds} s, seed ${seed}` }
}

/** What fast-check would throw: the seed, and the fewest commands that it found. */
function expectAgreement<T>(result: fc.RunDetails<T>): void {
  expect(result.failed ? `${fc.defaultReportMessage(result)}\n${result.errorInstance}` : '').toBe('')
}

describe('the bus and its model', () => {
  it.each(listRounds({ short: 1, long: 200 }))(
    'answer alike on the embedded store: round %i',
    { timeout: limitMs(110_000) },
    async () => {
      const { result, figures } = await compare(() => openBusWithoutServer(), 1_000)
      console.log(`model, embedded store: ${figures}`)
      expectAgreement(result)
    },
  )

  it.each(listRounds({ short: 1, long: 200 }))(
    'answer alike over HTTP, through the typed client: round %i',
    { timeout: limitMs(60_000) },
    async () => {
      const { result, figures } = await compare(openBusOverHttp, 50)
      console.log(`model, over HTTP: ${figures}`)
      expectAgreement(result)
    },
  )

  it.each(listRounds({ short: 1, long: 40 }))(
    'answer alike on PostgreSQL: round %i',
    { timeout: limitMs(60_000) },
    async () => {
      const path = await postgres().createDatabase()
      const session = await openSession(path)
      const open = async () => {
        // Emptied for each run, which costs less than another database.
        await session.query('drop schema public cascade; create schema public')
        return openBusWithoutServer({ path })
      }
      const { result, figures } = await compare(open, scale({ short: 30, long: 100 }))
      console.log(`model, PostgreSQL: ${figures}`)
      expectAgreement(result)
    },
  )

  /** The mistake is in what the bus makes of an input. */
  const mistaking =
    (spoil: (input: Readonly<Record<string, unknown>>) => Record<string, unknown>) => async (): Promise<ModelBus> => {
      const bus = await openBusWithoutServer()
      return { ...bus, call: (id, input, key) => bus.call(id, spoil({ ...input }), key) }
    }

  const bugs: Readonly<Record<string, () => Promise<ModelBus>>> = {
    'fence ignored': mistaking((input) => (input.owner === undefined ? { ...input } : { ...input, fence: undefined })),
    'twins taken for one': mistaking((input) => ({ ...input, session: undefined })),
    'filter ignored': mistaking((input) => ({
      ...input,
      topic: input.body === undefined ? undefined : input.topic,
    })),
    'cursor one too far': mistaking((input) =>
      typeof input.since_id === 'number' ? { ...input, since_id: input.since_id + 1 } : { ...input },
    ),
    'a set claimed in part': mistaking((input) =>
      Array.isArray(input.lanes) ? { ...input, lanes: input.lanes.slice(0, 1) } : { ...input },
    ),
    'stale idempotent replay': () =>
      openBusWithoutServer({
        spoilWrite: (write) => (body, replay) =>
          write(body, {
            ...replay,
            recall: async (stale, transaction) =>
              (await replay?.recall(stale, transaction).catch(() => undefined)) ?? Object(stale),
          }),
      }),
    'replay of a lane as it stood then': () => openBusWithoutServer({ spoilWrite: (write) => (body) => write(body) }),
    'key ignored': async () => {
      const bus = await openBusWithoutServer()
      return { ...bus, call: (id, input) => bus.call(id, input) }
    },
  }

  it.each(Object.entries(bugs))('differ, and few commands show it: %s', { timeout: 60_000 }, async (name, open) => {
    const { result, figures } = await compare(open, 400)
    const shown = String(result.counterexample?.[0])
    console.log(`${name}: caught, ${figures}, by ${shown}`)
    expect(result.failed).toBe(true)
    expect(shown.split('),').length).toBeLessThan(10)
  })
})
