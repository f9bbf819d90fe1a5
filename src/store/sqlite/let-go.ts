import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Has the process let go of the files whose connections are closed. `@photostructure/sqlite` keeps one open for as long as any of
 * its statements has not been collected, and Windows gives an open file no other name and removes none.
 */
export async function letGoOfClosed(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  // What is to be done for a collected one is done in a turn of its own.
  await setImmediate()
}
