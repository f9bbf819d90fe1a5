import { type CompletedCommand, listValues, toOption } from './completed.ts'

export function renderPowerShell(commands: readonly CompletedCommand[]): string {
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ')
  return `# In $PROFILE: bus-mcp completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName bus-mcp -ScriptBlock {
  param($current, $ast, $position)
  $words = @($ast.CommandElements | ForEach-Object { $_.ToString() })
  # The words in front of the one that is being typed.
  $count = if ($current) { $words.Count - 1 } else { $words.Count }
  if (($words | Select-Object -First $count) -contains '--') { return }
  $command = if ($count -gt 1) { $words[1] } else { '' }
  $choices = switch ("$command $($words[$count - 1])") {
${listValues(commands)
  .map(({ place, choices }) => `    '${place}' { @(${quoted(choices)}); break }`)
  .join('\n')}
    default {
      switch ("$command $count") {
        ' 1' { @(${quoted(commands.map(({ name }) => name))}) }
${commands
  .filter(({ words }) => words.length > 0)
  .map(({ name, words }) => `        '${name} 2' { @(${quoted(words)}) }`)
  .join('\n')}
      }
      switch ($command) {
${commands.map(({ name, flags }) => `        '${name}' { @(${quoted(flags.map(toOption))}) }`).join('\n')}
      }
    }
  }
  $choices | Where-Object { $_ -like "$current*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`
}
