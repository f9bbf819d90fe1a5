import { type CompletedCommand, listValues, toOption } from './completed.ts'

export function renderBash(commands: readonly CompletedCommand[]): string {
  const values = listValues(commands)
  const known = values.filter(({ choices }) => choices.length > 0)
  const free = values.filter(({ choices }) => choices.length === 0)
  return `# In ~/.bashrc: eval "$(bus-mcp completion bash)"
_bus_mcp() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words= word
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${commands.map(({ name }) => name).join(' ')}'
  else
    # What follows -- is another program's, or a text.
    for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [ "$word" = -- ] && return; done
    case "\${COMP_WORDS[1]} $before" in
${known.map(({ place, choices }) => `      '${place}') words='${choices.join(' ')}' ;;`).join('\n')}
      ${free.map(({ place }) => `'${place}'`).join('|')}) return ;;
      *)
        case "\${COMP_WORDS[1]}" in
${commands.map(({ name, flags }) => `          ${name}) words='${flags.map(toOption).join(' ')}' ;;`).join('\n')}
        esac
        case "\${COMP_WORDS[1]} $COMP_CWORD" in
${commands
  .filter(({ words }) => words.length > 0)
  .map(({ name, words }) => `          '${name} 2') words="$words ${words.join(' ')}" ;;`)
  .join('\n')}
        esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _bus_mcp bus-mcp
`
}
