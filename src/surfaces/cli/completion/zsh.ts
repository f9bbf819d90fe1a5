import { type CompletedCommand, listValues, toOption } from './completed.ts'

export function renderZsh(commands: readonly CompletedCommand[]): string {
  const values = listValues(commands)
  const known = values.filter(({ choices }) => choices.length > 0)
  const free = values.filter(({ choices }) => choices.length === 0)
  return `#compdef bus-mcp
# In ~/.zshrc, after compinit: eval "$(bus-mcp completion zsh)"
_bus_mcp() {
  local -a choices
  if (( CURRENT == 2 )); then
    choices=(
${commands.map(({ name, summary }) => `      ${describe(name, summary)}`).join('\n')}
    )
    _describe command choices
    return
  fi
  # What follows -- is another program's, or a text.
  if [[ -n \${words[(r)--]} ]] && (( \${words[(i)--]} < CURRENT )); then
    _files
    return
  fi
  case "$words[2] $words[CURRENT-1]" in
${known.map(({ place, choices }) => `    '${place}') choices=(${choices.join(' ')}); _describe value choices; return ;;`).join('\n')}
    ${free.map(({ place }) => `'${place}'`).join('|')}) _files; return ;;
  esac
  case "$words[2] $CURRENT" in
${commands
  .filter(({ words }) => words.length > 0)
  .map(({ name, words }) => `    '${name} 3') choices=(${words.join(' ')}); _describe argument choices ;;`)
  .join('\n')}
  esac
  case $words[2] in
${commands
  .map(
    ({ name, flags }) => `    ${name})
      choices=(
${flags.map((flag) => `        ${describe(toOption(flag), flag.description)}`).join('\n')}
      ) ;;`,
  )
  .join('\n')}
    *) return ;;
  esac
  _describe -o option choices
  [[ $PREFIX == -* ]] || _files
}
# As a file of fpath it is called; after eval it is only made known.
if [[ $funcstack[1] == _bus_mcp ]]; then _bus_mcp "$@"; else compdef _bus_mcp bus-mcp; fi
`
}

function describe(word: string, text: string): string {
  return `'${`${word}:${text}`.replaceAll("'", `'\\''`)}'`
}
