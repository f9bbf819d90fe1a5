import { win32 } from 'node:path'
import { UsageError } from '../command.ts'
import { LOG, type ServiceFile, type ServicePlan, VARIABLES } from './plan.ts'
import { toXmlText } from './xml.ts'

/**
 * A task of the Task Scheduler, which every Windows has. It begins when its user logs on or it is registered. As "S4U" it has no
 * window and keeps no password.
 *
 * `RestartOnFailure` is for actions that could not be started at all ([MS-TSCH] 2.5.4.2), not for a program that ended. So the
 * triggers come again every minute, and find nothing to do while the bus runs.
 *
 * @throws {UsageError} For a word that the Task Scheduler would replace.
 */
export function renderWindows({ nodePath, programPath, flags, folder, logFile, user }: ServicePlan): ServiceFile {
  const variables = win32.join(folder, VARIABLES)
  const log = logFile ?? win32.join(folder, LOG)
  const words = [`--env-file=${variables}`, programPath, 'service', 'run', `--log-file=${log}`, ...flags]
  for (const word of [nodePath, ...words]) {
    if (/%[^%\s\\/]+%/.test(word)) throw new UsageError(`${word} has a variable in it, which Windows would replace`)
  }
  const again = `
      <Repetition>
        <Interval>PT1M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <Enabled>true</Enabled>`
  const text = `<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>bus-mcp, a coordination bus for AI agents</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>${again}
      <UserId>${toXmlText(user)}</UserId>
    </LogonTrigger>
    <RegistrationTrigger>${again}
    </RegistrationTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${toXmlText(user)}</UserId>
      <LogonType>S4U</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>true</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${toXmlText(nodePath)}</Command>
      <Arguments>${toXmlText(words.map(quoteForWindows).join(' '))}</Arguments>
      <WorkingDirectory>${toXmlText(folder)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>`
  return { text, advice: advise({ folder, variables, log, command: [nodePath, ...words] }) }
}

/** A word as programs of Windows take their command line apart: a backslash is itself but before a quote. */
export function quoteForWindows(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`
}

interface Task {
  readonly folder: string
  readonly variables: string
  readonly log: string
  readonly command: readonly string[]
}

/** `Set-Content` for the secret, as `>` of Windows PowerShell writes UTF-16, of which Node reads no variable and says nothing. */
function advise({ folder, variables, log, command: [nodePath = '', ...words] }: Task): string {
  const file = quoteForPowerShell(win32.join(folder, 'bus-mcp.xml'))
  const env = quoteForPowerShell(variables)
  return `In PowerShell, with your ordinary rights,
  New-Item -ItemType Directory -Force ${quoteForPowerShell(folder)}
  if (-not (Test-Path ${env})) { New-Item ${env} }     # it must be there
  Set-Content -Encoding ascii ${env} 'BUS_WRITE_SECRET=…'     # only for a secret, and not with >, which Node could not read
type it again with  > ${file}, then in a PowerShell that was opened as administrator, so that the task needs no window,
  Register-ScheduledTask -TaskName bus-mcp -Xml (Get-Content -Raw ${file})
It runs at once, and after every logon; when it ends it is started again within a minute. Both files are in your own
profile, which other users cannot read.
See it:    Get-ScheduledTaskInfo bus-mcp    Get-Content -Wait ${quoteForPowerShell(log)}
Take away: Stop-ScheduledTask bus-mcp; Unregister-ScheduledTask bus-mcp -Confirm:$false
Without an administrator: a shortcut among what starts at your logon (shell:startup), with its window made small. When the
bus ends, nothing starts it again.
  $link = (New-Object -ComObject WScript.Shell).CreateShortcut([Environment]::GetFolderPath('Startup') + '\\bus-mcp.lnk')
  $link.TargetPath = ${quoteForPowerShell(nodePath)}
  $link.Arguments = ${quoteForPowerShell(words.map(quoteForWindows).join(' '))}
  $link.WorkingDirectory = ${quoteForPowerShell(folder)}; $link.WindowStyle = 7; $link.Save()`
}

function quoteForPowerShell(word: string): string {
  return `'${word.replaceAll("'", "''")}'`
}
