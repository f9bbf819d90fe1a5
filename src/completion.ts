import { operations } from './product.ts'
import { serviceSettings } from './service-settings.ts'
import { busSettings, clientSettings, fileSettings, placeSettings, type Setting } from './settings.ts'
import { createCommands, type Flag } from './surfaces/cli/command.ts'
import { type CompletedCommand, renderCompletion, shellNames } from './surfaces/cli/completion/index.ts'
import { clientNames, connectFlags } from './surfaces/cli/connect/index.ts'
import { programCommands } from './surfaces/cli/help.ts'
import { hookFlags, hookNames } from './surfaces/cli/hook/index.ts'
import { runFlags } from './surfaces/cli/run-flags.ts'
import { serviceWords } from './surfaces/cli/service/index.ts'
import { topFlags } from './surfaces/cli/top-flags.ts'
import { watchFlags } from './surfaces/cli/watch.ts'

const help: Flag = { name: 'help', description: 'Tell about this command.', takes: undefined }
const json: Flag = { name: 'json', description: 'Print for programs.', takes: undefined }

export { describeCompletion } from './surfaces/cli/completion/index.ts'

/** @throws {UsageError} */
export function printCompletion(args: readonly string[]): string {
  return renderCompletion(args, listCompletedCommands())
}

/** Every command with its flags, from where the command itself has them. */
export function listCompletedCommands(): readonly CompletedCommand[] {
  const connection = toFlags(clientSettings)
  const flagsOf: Readonly<Record<string, readonly Flag[]>> = {
    serve: toFlags(busSettings),
    run: [...runFlags, ...connection],
    watch: [...watchFlags, ...connection],
    top: [...topFlags, ...connection],
    migrate: toFlags(placeSettings),
    export: toFlags(placeSettings),
    import: toFlags(placeSettings),
    backup: toFlags(fileSettings),
    check: toFlags(fileSettings),
    connect: connectFlags,
    completion: [],
    hook: [...hookFlags, ...connection],
    doctor: connection,
    service: toFlags(serviceSettings),
  }
  const own = programCommands.flatMap(({ usage, summary }) => {
    const [name = ''] = usage.split(' ')
    const flags = flagsOf[name]
    return name === '' ? [] : [{ name, summary, flags: flags ? [...flags, help] : [] }]
  })
  const ofOperations = createCommands(operations).map(({ spec, operation, flags }) => ({
    name: spec.name,
    summary: operation.summary,
    flags: [...flags, json, ...connection, help],
  }))
  const all = [...own, ...ofOperations]
  const wordsOf: Readonly<Record<string, readonly string[]>> = {
    connect: clientNames,
    service: serviceWords,
    completion: shellNames,
    hook: hookNames,
    help: all.map(({ name }) => name),
  }
  return all.map((command) => ({ ...command, words: wordsOf[command.name] ?? [] }))
}

function toFlags(settings: Readonly<Record<string, Setting>>): readonly Flag[] {
  return Object.values(settings).flatMap(({ flag, summary, isSwitch }) =>
    flag === undefined ? [] : [{ name: flag, description: summary, takes: isSwitch ? undefined : 'VALUE' }],
  )
}
