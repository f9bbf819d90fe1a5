import { describe, expect, it } from 'vitest'
import type { ServicePlan } from './plan.ts'
import { quoteForWindows, renderWindows } from './windows.ts'

const folder = "C:\\Users\\Zoë O'Neil\\AppData\\Local\\bus-mcp"
const plan: ServicePlan = {
  nodePath: 'C:\\Program Files\\nodejs\\node.exe',
  programPath: 'C:\\bus mcp\\dist\\main.js',
  flags: ['--port=8101'],
  scope: 'user',
  folder,
  databasePath: `${folder}\\bus.db`,
  socketPath: undefined,
  logFile: undefined,
  home: "C:\\Users\\Zoë O'Neil",
  user: 'WORK\\Zoë',
}
const lines = renderWindows(plan).advice.split('\n')
const quoted = (path: string) => `'${path.replaceAll("'", "''")}'`

describe('what is said of the task of Windows', () => {
  it('writes the secret so that Node reads it', () => {
    const command = `Set-Content -Encoding ascii ${quoted(`${folder}\\bus.env`)} 'BUS_WRITE_SECRET=…'`
    expect(lines.some((line) => line.trim().startsWith(command))).toBe(true)
  })

  it('has an administrator only register a file that is named by its whole path', () => {
    const behind = lines.slice(lines.findIndex((line) => line.includes('opened as administrator')) + 1)
    expect(behind[0]).toBe(
      `  Register-ScheduledTask -TaskName bus-mcp -Xml (Get-Content -Raw ${quoted(`${folder}\\bus-mcp.xml`)})`,
    )
    expect(lines.filter((line) => /^ {2}(New-Item|if |Set-Content)/.test(line))).toHaveLength(3)
    expect(behind.filter((line) => /^ {2}(New-Item|if |Set-Content)/.test(line))).toEqual([])
  })

  it('has a way without one, which starts the same', () => {
    const words = [`--env-file=${folder}\\bus.env`, plan.programPath, 'service', 'run', `--log-file=${folder}\\bus.log`]
    const all = [...words, ...plan.flags].map(quoteForWindows).join(' ')
    expect(lines).toContain(`  $link.TargetPath = ${quoted(plan.nodePath)}`)
    expect(lines).toContain(`  $link.Arguments = ${quoted(all)}`)
  })
})
