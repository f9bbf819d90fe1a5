import { UsageError } from '../command.ts'
import { renderBash } from './bash.ts'
import type { CompletedCommand } from './completed.ts'
import { renderFish } from './fish.ts'
import { renderPowerShell } from './powershell.ts'
import { renderZsh } from './zsh.ts'

export type { CompletedCommand } from './completed.ts'

const shells: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
  powershell: renderPowerShell,
}

export const shellNames: readonly string[] = Object.keys(shells)

/** The script that makes a shell complete the commands. @throws {UsageError} */
export function renderCompletion(args: readonly string[], commands: readonly CompletedCommand[]): string {
  const [name = '', ...others] = args
  const render = Object.hasOwn(shells, name) ? shells[name] : undefined
  if (!render || others.length > 0) throw new UsageError(`name one shell: ${shellNames.join(', ')}`)
  return render(commands)
}

/** The help text. */
export function describeCompletion(): string {
  return [
    'Print a script that makes a shell complete commands and flags.',
    '',
    `  bus-mcp completion ${shellNames.join('|')}`,
    '',
    'The first lines of the script say where to put it.',
  ].join('\n')
}
