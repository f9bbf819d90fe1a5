import { type CompletedCommand, listChoices } from './completed.ts'

export function renderFish(commands: readonly CompletedCommand[]): string {
  return `# In ~/.config/fish/config.fish: bus-mcp completion fish | source
function __bus_mcp_runs
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]; and not contains -- -- $words
end
function __bus_mcp_begins
    test (count (commandline -opc)) -eq 1
end
${commands.flatMap(renderCommand).join('\n')}
`
}

function renderCommand({ name, summary, flags, words }: CompletedCommand): string[] {
  const here = `complete -c bus-mcp -n '__bus_mcp_runs ${name}'`
  return [
    `complete -c bus-mcp -n __bus_mcp_begins -f -a ${name} -d ${quote(summary)}`,
    ...(words.length === 0 ? [] : [`${here} -f -a '${words.join(' ')}'`]),
    ...flags.map((flag) => {
      const choices = listChoices(flag)
      const takes = flag.takes === undefined ? '' : choices.length === 0 ? ' -r' : ` -x -a '${choices.join(' ')}'`
      return `${here} -l ${flag.name}${takes} -d ${quote(flag.description)}`
    }),
  ]
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
