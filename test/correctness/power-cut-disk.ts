import { realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTempFolder } from '../support/bus.ts'
import { compileLayer } from '../support/preload.ts'

const SOURCE = join(import.meta.dirname, 'fixtures', 'disk.c')

/** A folder whose disk tells what was done to it and breaks when it is told to. */
export interface RecordedDisk {
  readonly folder: string
  readonly databaseUrl: string
  readonly journalPath: string
  /** Makes a program use the folder through the layer. */
  readonly env: Readonly<Record<string, string>>
  breakDown(fault: Fault): void
  repair(): void
}

/** An unsteady one fails one sync in three. */
export type Fault = 'full' | 'sync fails' | 'unsteady' | 'read-only'

/** @param deafTo Names that end so are never synced, and the program is told that they were. */
export function createRecordedDisk(deafTo?: string): RecordedDisk {
  const workshop = realpathSync(createTempFolder())
  const folder = realpathSync(createTempFolder())
  const journalPath = join(workshop, 'journal')
  const faultPath = join(workshop, 'fault')
  const setFault = (letter: string) => writeFileSync(faultPath, letter, { flag: 'r+' })
  writeFileSync(faultPath, '\0')
  return {
    folder,
    databaseUrl: `sqlite:${join(folder, 'bus.db')}`,
    journalPath,
    env: {
      LD_PRELOAD: compileLayer(SOURCE, workshop),
      DISK_FOLDER: folder,
      DISK_JOURNAL: journalPath,
      DISK_FAULT: faultPath,
      ...(deafTo === undefined ? {} : { DISK_DEAF: deafTo }),
    },
    breakDown: (fault) => setFault(fault.charAt(0)),
    repair: () => setFault('\0'),
  }
}
