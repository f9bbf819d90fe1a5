import * as z from 'zod'
import { busSettings, type Setting } from './settings.ts'

const { demo: _, ...everydaySettings } = busSettings

/** Settings of `bus-mcp service`: those of the bus that it is to run, and its own. */
export const serviceSettings = {
  scope: {
    flag: 'scope',
    summary: 'For whom it runs: user or system, which systemd alone has.',
    standard: 'user',
    schema: z.enum(['user', 'system'], { error: 'be user or system' }).optional().default('user'),
  },
  logFile: {
    flag: 'log-file',
    summary: 'Where launchd and Windows keep what the bus says.',
    standard: 'bus.log in your data folder',
    schema: z.string().optional(),
  },
  ...everydaySettings,
} as const satisfies Record<string, Setting>
