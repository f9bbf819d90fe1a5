import type { Flag } from '../command.ts'

/** A command as a shell completes it. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly Flag[]
  /** What may stand right after its name; empty for what only the person knows. */
  readonly words: readonly string[]
}

/** The values of a flag that takes one of several; none for what only the person knows. */
export function listChoices({ takes = '' }: Flag): readonly string[] {
  return takes.includes('|') ? takes.split('|') : []
}

export function toOption({ name }: Flag): string {
  return `--${name}`
}

/** Each `COMMAND --FLAG` whose next word is a value, with the values that are known. */
export function listValues(commands: readonly CompletedCommand[]): { place: string; choices: readonly string[] }[] {
  return commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ takes }) => takes !== undefined)
      .map((flag) => ({ place: `${name} ${toOption(flag)}`, choices: listChoices(flag) })),
  )
}
