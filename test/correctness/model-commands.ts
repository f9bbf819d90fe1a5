import fc from 'fast-check'
import { expect } from 'vitest'
import type { Expected, Model } from './model.ts'
import * as rules from './model.ts'
import type { ModelBus } from './model-buses.ts'

type Command = fc.AsyncCommand<Model, ModelBus>

const lane = fc.constantFrom('a', 'b')
const owner = fc.constantFrom('ann', 'bob')
const session = fc.constantFrom(undefined, 'twin')
/** Below the floor, within it and the ceiling, and above. */
const lease_s = fc.constantFrom(0.2, 1, 5, 30, 100)
const note = fc.constantFrom(undefined, undefined, 'first note', 'second note')
/** None, or so much more than the current one. */
const fenceStep = fc.constantFrom(undefined, 0, 0, -1, 1)
const holder = { lane, owner, session }

const topic = fc.constantFrom('converge', 'handover')
const body = fc.constantFrom('found it', 'zwei\nZeilen', '🙂')
/** Back from the newest message; beyond both ends, too. */
const back = fc.integer({ min: -1, max: 12 })

const thread = fc.integer({ min: 1, max: 5 })
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })

/** Everything that the model knows how to answer. */
export function listCommands(): fc.Arbitrary<Command>[] {
  return [
    fc.record({ ...holder, lease_s, note }).map((input) => call('lanes.claim', () => input, rules.claim)),
    fc
      .record({ ...holder, lease_s, fenceStep })
      .map((input) => call('lanes.heartbeat', (model) => resolveFence(model, input), rules.heartbeat)),
    fc
      .record({ ...holder, fenceStep })
      .map((input) => call('lanes.release', (model) => resolveFence(model, input), rules.release)),
    fc.constantFrom(1, 500, 999, 1000, 4000, 5000, 25_000, 60_000).map(advance),
    lane.map((name) =>
      call(
        'lanes.get',
        () => ({ lane: name }),
        (model) => rules.getLane(model, name),
      ),
    ),
    lane.map((name) =>
      call(
        'lanes.history',
        () => ({ lane: name, limit: 500 }),
        (model) => rules.readHistory(model, name),
      ),
    ),
    fc
      .record({
        state: fc.constantFrom(undefined, 'free', 'held', 'orphaned'),
        owner: perhaps(owner),
      })
      .map((input) =>
        call(
          'lanes.list',
          () => input,
          (model) => rules.listLanes(model, input.state, input.owner),
        ),
      ),
    fc
      .record({
        topic,
        sender: owner,
        body,
        action_flag: fc.boolean(),
        recipient: perhaps(owner),
        thread_id: perhaps(thread),
      })
      .map((input) => call('messages.post', () => input, rules.post)),
    fc
      .record({
        topic: perhaps(topic),
        sender: perhaps(owner),
        recipient: perhaps(owner),
        thread_id: perhaps(thread),
        flagged: fc.constantFrom(undefined, undefined, true, false),
        since: perhaps(back),
        limit: fc.constantFrom(1, 2, 3, 500),
      })
      .map(({ since, ...input }) =>
        call(
          'messages.read',
          (model) => ({ ...input, since_id: since === undefined ? since : countBack(model, since, 0) }),
          rules.read,
        ),
      ),
    back.map((steps) =>
      call(
        'messages.get',
        (model) => ({ id: countBack(model, steps, 1) }),
        (model, { id }) => rules.getMessage(model, id),
      ),
    ),
    fc.record({ back, sender: owner }).map(({ back: steps, sender }) =>
      call(
        'messages.ack',
        (model) => ({ id: countBack(model, steps, 1), sender }),
        (model, { id }) => rules.acknowledge(model, id, sender),
      ),
    ),
    fc.constant(call('status.get', () => ({}), rules.readStatus)),
  ]
}

/** Calls an operation, and compares what it answers with what the model says. */
function call<Input extends object>(
  id: string,
  resolve: (model: Model) => Input,
  rule: (model: Model, input: Input) => Expected,
): Command {
  let shown = id
  return {
    check: () => true,
    run: async (model, bus) => {
      const input = resolve(model)
      shown = `${id}(${JSON.stringify(input)})`
      const given = await bus.call(id, input)
      const expected = rule(model, input)
      expect(restrict(given, expected), shown).toEqual(expected)
    },
    toString: () => shown,
  }
}

function advance(ms: number): Command {
  return {
    check: () => true,
    run: async (model, bus) => {
      bus.advance(ms)
      model.now += ms
    },
    toString: () => `advance(${ms} ms)`,
  }
}

function resolveFence<Input extends { lane: string; fenceStep: number | undefined }>(model: Model, input: Input) {
  const { fenceStep: step, ...rest } = input
  const current = model.lanes[input.lane]?.fence ?? 0
  return { ...rest, fence: step === undefined ? undefined : Math.max(0, current + step) }
}

function countBack({ messages }: Model, steps: number, least: number): number {
  return Math.max(least, messages.length - steps)
}

/** What is given without the fields that nothing is said about. */
function restrict(given: unknown, expected: unknown): unknown {
  if (Array.isArray(given) && Array.isArray(expected))
    return given.map((item, index) => restrict(item, expected[index]))
  if (typeof given !== 'object' || given === null || typeof expected !== 'object' || expected === null) return given
  const fields = Object.entries(given).filter(([name]) => Object.hasOwn(expected, name))
  const said = new Map(Object.entries(expected))
  return Object.fromEntries(fields.map(([name, value]) => [name, restrict(value, said.get(name))]))
}
