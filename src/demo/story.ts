import type { Random } from '../core/random.ts'
import type { Role } from './cast.ts'

/** One step of a story. The texts are filled in by {@link createWords}. */
export type Beat =
  | { readonly kind: 'say'; readonly body: string }
  /** The owner's note on the lane changes, and with it the lease is renewed. */
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'ask'; readonly of: Role; readonly exchange: Exchange }
  | { readonly kind: 'review'; readonly exchange: Exchange }
  /** Another lane is needed for some minutes, one that many need. */
  | { readonly kind: 'use'; readonly lane: string; readonly why: string; readonly result: string }
  /** A person is asked, with a flag. */
  | { readonly kind: 'approve'; readonly ask: string; readonly granted: Verdict; readonly refused?: Verdict }
  /** Work during which nothing is said. */
  | { readonly kind: 'quiet' }
  /** Somebody else goes on with the lane. The last step of a story. */
  | { readonly kind: 'hand-over'; readonly to: Role; readonly body: string; readonly reply: string }

/** Question, answer, and what is said to that. */
type Exchange = readonly [string, string, string?]

/** What the person says, and what the agent makes of it. */
type Verdict = readonly [string, string]

/** A piece of work on one lane, by somebody of one role. */
export interface Story {
  readonly role: Role
  readonly lane: string
  readonly topic: string
  /** What stands in the lane while it is held. */
  readonly note: string
  /** Words of which each telling takes the next one, so that the same story comes back as other work. */
  readonly vars?: Readonly<Record<string, readonly string[]>>
  readonly beats: readonly Beat[]
  /** The last word, after which the lane is released. */
  readonly done: string
}

/** A story, and how often it was told before. */
export interface Piece {
  readonly story: Story
  readonly telling: number
}

/** A story of a role that is said elsewhere. */
export type Tale = Omit<Story, 'role'>

export function withRole(role: Role, tales: readonly Tale[]): readonly Story[] {
  return tales.map((tale) => ({ ...tale, role }))
}

export type StoryKind = 'ordinary' | 'quiet' | 'approval'

export function kindOf({ beats }: Story): StoryKind {
  if (beats.some(({ kind }) => kind === 'quiet')) return 'quiet'
  return beats.some(({ kind }) => kind === 'approve') ? 'approval' : 'ordinary'
}

export const say = (body: string): Beat => ({ kind: 'say', body })
export const note = (text: string): Beat => ({ kind: 'note', note: text })
export const ask = (of: Role, ...exchange: Exchange): Beat => ({ kind: 'ask', of, exchange })
export const review = (...exchange: Exchange): Beat => ({ kind: 'review', exchange })
export const use = (lane: string, why: string, result: string): Beat => ({ kind: 'use', lane, why, result })
export const approve = (request: string, granted: Verdict, refused?: Verdict): Beat => ({
  kind: 'approve',
  ask: request,
  granted,
  ...(refused ? { refused } : {}),
})
export const quiet: Beat = { kind: 'quiet' }
export const handOver = (to: Role, body: string, reply: string): Beat => ({ kind: 'hand-over', to, body, reply })

/**
 * Fills a text in: `{name}` with what this telling has for it, `{Name}` likewise with a capital, `{12..48}` with a number
 * from 12 to 48.
 */
export type Words = (text: string) => string

/**
 * @param telling Which one it is; the next one has other words.
 * @param pullRequest What `{pr}` stands for.
 */
export function createWords(
  random: Random,
  { vars = {} }: Pick<Story, 'vars'>,
  telling: number,
  pullRequest: number,
): Words {
  const names: Record<string, string> = { pr: `#${pullRequest}` }
  // A word may itself hold a number to choose; then it is the same wherever it stands.
  for (const [name, choices] of Object.entries(vars)) {
    names[name] = fill(random, choices[telling % choices.length] ?? '', names)
  }
  return (text) => fill(random, text, names)
}

/** One of the texts, filled in. */
export function phrase(random: Random, texts: readonly string[], names: Readonly<Record<string, string>>): string {
  return fill(random, random.pick(texts), names)
}

function fill(random: Random, text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(/\{(?:(\d+)\.\.(\d+)|([A-Za-z]+))\}/g, (slot, low?: string, high?: string, name?: string) => {
    if (low !== undefined) return String(random.between(Number(low), Number(high)))
    const value = names[toLowerFirst(name ?? '')]
    if (value === undefined) throw new Error(`nothing to fill ${slot} with`)
    return name === toLowerFirst(name ?? '') ? value : value.charAt(0).toUpperCase() + value.slice(1)
  })
}

function toLowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
