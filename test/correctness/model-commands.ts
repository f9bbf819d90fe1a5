import fc from 'fast-check'
import { expect } from 'vitest'
import type { Expected, Model } from './model.ts'
import * as rules from './model.ts'
import type { ModelBus } from './model-buses.ts'
import { writeOnce } from './model-keys.ts'
import * as overview from './model-overview.ts'

type Command = fc.AsyncCommand<Model, ModelBus>

const lane = fc.constantFrom('a', 'b')
const several = fc.array(fc.constantFrom('a', 'b', 'B'), { minLength: 1, maxLength: 4 })
const owner = fc.constantFrom('ann', 'bob')
const session = fc.constantFrom(undefined, 'twin')
/** Below the floor, within it and the ceiling, and above. */
const lease_s = fc.constantFrom(0.2, 1, 5, 30, 100)
const note = fc.constantFrom(undefined, undefined, 'first note', 'second note')
/** None, or so much more than the current one. */
const fenceStep = fc.constantFrom(undefined, 0, 0, -1, 1)
const holder = { lane, owner, session }
/** Whether a write goes under a key, so that it may be repeated. */
const keyed = fc.boolean()

const topic = fc.constantFrom('converge', 'handover')
const body = fc.constantFrom('found it', 'zwei\nZeilen', '🙂')
/** Back from the newest message; beyond both ends, too. */
const back = fc.integer({ min: -1, max: 12 })

const thread = fc.integer({ min: 1, max: 5 })
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })

/** Everything that the model knows how to answer. */
export function listCommands(): fc.Arbitrary<Command>[] {
  return [
    ...listWrites(),
    fc.record({ back: fc.integer({ min: 0, max: 3 }), spoil: fc.boolean() }).map(repeat),
    fc
      .record({ lane, fenceStep: fc.constantFrom(0, 0, -1, 1) })
      .map((input) =>
        call(
          'lanes.verify',
          (model) => ({ lane: input.lane, fence: resolveFence(model, input).fence ?? 0 }),
          rules.verify,
        ),
      ),
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
        topic: perhaps(topic),
        sender: perhaps(owner),
        recipient: perhaps(owner),
        thread_id: perhaps(thread),
        flagged: fc.constantFrom(undefined, undefined, true, false),
        from: fc.oneof(fc.constant({}), fc.record({ since: back }), fc.record({ before: back })),
        limit: fc.constantFrom(1, 2, 3, 500),
      })
      .map(({ from, ...input }) =>
        call('messages.read', (model) => ({ ...input, ...resolveIds(model, from) }), rules.read),
      ),
    back.map((steps) =>
      call(
        'messages.get',
        (model) => ({ id: countBack(model, steps, 1) }),
        (model, { id }) => rules.getMessage(model, id),
      ),
    ),
    fc.constantFrom(
      call('status.get', () => ({}), overview.readStatus),
      call('status.attention', () => ({}), overview.readAttention),
    ),
    fc
      .record({ window_s: fc.constantFrom(60, 61, 120, 3_600), limit: fc.constantFrom(1, 2, 3, 5_000) })
      .map((input) => call('lanes.timeline', () => input, overview.readTimeline)),
  ]
}

/** The commands that change something. */
function listWrites(): fc.Arbitrary<Command>[] {
  return [
    fc
      .record({ keyed, input: fc.record({ ...holder, lease_s, note }) })
      .map(({ keyed, input }) => call('lanes.claim', () => input, rules.claim, keyed)),
    fc
      .record({ keyed, input: fc.record({ lanes: several, owner, session, lease_s, note }) })
      .map(({ keyed, input }) => call('lanes.claimAll', () => input, rules.claimAll, keyed)),
    fc
      .record({ keyed, input: fc.record({ ...holder, lease_s, fenceStep }) })
      .map(({ keyed, input }) =>
        call('lanes.heartbeat', (model) => resolveFence(model, input), rules.heartbeat, keyed),
      ),
    fc
      .record({ keyed, input: fc.record({ ...holder, fenceStep, note }) })
      .map(({ keyed, input }) => call('lanes.release', (model) => resolveFence(model, input), rules.release, keyed)),
    fc
      .record({
        keyed,
        input: fc.record({
          topic,
          sender: owner,
          body,
          action_flag: fc.boolean(),
          recipient: perhaps(owner),
          thread_id: perhaps(thread),
        }),
      })
      .map(({ keyed, input }) => call('messages.post', () => input, rules.post, keyed)),
    fc.record({ keyed, back, sender: owner }).map(({ keyed, back: steps, sender }) =>
      call(
        'messages.ack',
        (model) => ({ id: countBack(model, steps, 1), sender }),
        (model, { id }) => rules.acknowledge(model, id, sender),
        keyed,
      ),
    ),
  ]
}

/** Calls an operation, and compares what it answers with what the model says. */
function call<Input extends object>(
  id: string,
  resolve: (model: Model) => Input,
  rule: (model: Model, input: Input) => Expected,
  keyed = false,
): Command {
  let shown = id
  return {
    check: () => true,
    run: async (model, bus) => {
      const input = resolve(model)
      const key = keyed ? `key-${model.asked.length + 1}` : undefined
      shown = describeCall(id, input, key)
      const given = await bus.call(id, input, key)
      const asked = key === undefined ? undefined : { id, input, key, rule: (now: Model) => rule(now, input) }
      const expected = asked ? writeOnce(model, asked) : rule(model, input)
      if (asked) model.asked.push(asked)
      expect(restrict(given, expected), shown).toEqual(expected)
    },
    toString: () => shown,
  }
}

/**
 * Asks once more for one of the last writes under a key, whatever happened since then.
 *
 * @param spoil By mistake for another owner or sender than before.
 */
function repeat({ back: steps, spoil }: { readonly back: number; readonly spoil: boolean }): Command {
  let shown = 'repeat'
  return {
    check: ({ asked }) => asked.length > steps,
    run: async (model, bus) => {
      const asked = model.asked.at(-1 - steps)
      if (!asked) return
      const { id, key } = asked
      const input = spoil ? { ...asked.input, owner: 'cid', sender: 'cid' } : asked.input
      shown = `again ${describeCall(id, input, key)}`
      // What was refused is decided anew, and that for the right one only: the model kept the rule with its input.
      if (spoil && !model.kept.has(key)) return
      const given = await bus.call(id, input, key)
      const expected = writeOnce(model, { ...asked, input })
      expect(restrict(given, expected), shown).toEqual(expected)
    },
    toString: () => shown,
  }
}

function describeCall(id: string, input: object, key: string | undefined): string {
  return `${id}(${JSON.stringify(input)}${key === undefined ? '' : `, '${key}'`})`
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

function resolveIds(model: Model, { since, before }: { readonly since?: number; readonly before?: number }) {
  return {
    since_id: since === undefined ? undefined : countBack(model, since, 0),
    before_id: before === undefined ? undefined : countBack(model, before, 1),
  }
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
