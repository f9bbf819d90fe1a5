import { posix } from 'node:path'
import { quoteForShell } from '../quote.ts'
import { LOG, type ServiceFile, type ServicePlan, VARIABLES } from './plan.ts'
import { toXmlText } from './xml.ts'

/** An agent of launchd: it runs while its user is logged in. */
export function renderLaunchd({ nodePath, programPath, flags, folder, logFile, home }: ServicePlan): ServiceFile {
  const variables = posix.join(folder, VARIABLES)
  const log = logFile ?? posix.join(folder, LOG)
  // launchd reads no file of variables, and what stands in this one everybody may read who can list services.
  const words = [nodePath, `--env-file=${variables}`, programPath, 'serve', ...flags]
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>bus-mcp</string>
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    <string>${toXmlText(word)}</string>`).join('\n')}
  </array>
  <key>WorkingDirectory</key>
  <string>${toXmlText(folder)}</string>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <!-- It takes up to 10 s to answer whoever waits. -->
  <key>ExitTimeOut</key>
  <integer>20</integer>
  <!-- 0077: nobody else reads the database or the log. -->
  <key>Umask</key>
  <integer>63</integer>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>8192</integer>
  </dict>
  <key>StandardOutPath</key>
  <string>${toXmlText(log)}</string>
  <key>StandardErrorPath</key>
  <string>${toXmlText(log)}</string>
</dict>
</plist>`
  const file = quoteForShell(posix.join(home, 'Library', 'LaunchAgents', 'bus-mcp.plist'))
  return {
    text,
    advice: `Type it again with  > ${file}, then
  mkdir -p -m 700 ${quoteForShell(folder)}
  touch ${quoteForShell(variables)} && chmod 600 ${quoteForShell(variables)}     # BUS_WRITE_SECRET=… goes in there; it must be there
  launchctl bootstrap gui/$(id -u) ${file}
See it:    launchctl print gui/$(id -u)/bus-mcp    tail -f ${quoteForShell(log)}
Take away: launchctl bootout gui/$(id -u)/bus-mcp, and the file`,
  }
}
