import { spawnSync } from 'node:child_process'
import { realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTempFolder } from '../support/bus.ts'

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

/** Why there can be no such disk here; undefined where there can. */
export function findObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'the layer between a program and its files is made for Linux'
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler (cc)'
}

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
      LD_PRELOAD: compile(workshop),
      DISK_FOLDER: folder,
      DISK_JOURNAL: journalPath,
      DISK_FAULT: faultPath,
      ...(deafTo === undefined ? {} : { DISK_DEAF: deafTo }),
    },
    breakDown: (fault) => setFault(fault.charAt(0)),
    repair: () => setFault('\0'),
  }
}

function compile(folder: string): string {
  const library = join(folder, 'disk.so')
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl', '-lpthread'])
  if (status !== 0) throw new Error(`cc cannot compile the layer: ${stderr}`)
  return library
}
