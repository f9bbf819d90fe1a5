import { UsageError } from '../command.ts'
import { renderLaunchd } from './launchd.ts'
import { checkPlan, type ServiceFile, type ServicePlan } from './plan.ts'
import { renderSystemd } from './systemd.ts'
import { renderWindows } from './windows.ts'

export type { ServicePlan } from './plan.ts'
export { runLogged } from './run-logged.ts'

const renderers: Readonly<Record<string, (plan: ServicePlan) => ServiceFile>> = {
  systemd: renderSystemd,
  launchd: renderLaunchd,
  windows: renderWindows,
}

/** Whatever may stand after `bus-mcp service`. */
export const serviceWords: readonly string[] = [...Object.keys(renderers), 'run']

const OWN: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'windows', darwin: 'launchd' }

/**
 * The file that makes a system run the bus.
 *
 * @param named One of the three; the one of this machine when undefined.
 * @throws {UsageError}
 */
export function renderService(named: string | undefined, plan: ServicePlan): ServiceFile {
  const own = OWN[process.platform] ?? 'systemd'
  const system = named ?? own
  const render = Object.hasOwn(renderers, system) ? renderers[system] : undefined
  if (!render) throw new UsageError(`name one system: ${Object.keys(renderers).join(', ')}`)
  if (plan.scope === 'system' && system !== 'systemd') throw new UsageError('--scope system is for systemd alone')
  checkPlan(plan)
  const { text, advice } = render(plan)
  const isOwn = system === own
  return {
    text,
    advice: isOwn ? advice : `Its paths are those of this machine: type it where it is to run.\n${advice}`,
  }
}
