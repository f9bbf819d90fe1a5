import type { Log } from './core/context.ts'
import { watchDescriptors } from './descriptors.ts'
import { watchForStalls } from './stall.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** Tells the operator of what the process lacks. @returns Ends it. */
export function watchProcess(log: Log, { stalled }: Metrics): () => void {
  const stopWatchers = [
    watchForStalls((blockedMs) => {
      stalled(blockedMs / 1000)
      log.warn('event loop blocked', { blocked_ms: blockedMs })
    }),
    watchDescriptors({
      onShortage: (error) => log.error('no file descriptor left: new connections are closed', error),
      onRelief: () => log.info('file descriptors free again'),
    }),
  ]
  return () => {
    for (const stop of stopWatchers) stop()
  }
}
