import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'

/** Why no layer can be put between a program and its system here; undefined where one can. */
export function findObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'the layer between a program and its system is made for Linux'
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler (cc)'
}

/** Compiles a source in C into a library for LD_PRELOAD. Returns its path, in `folder`. */
export function compileLayer(source: string, folder: string): string {
  const library = join(folder, `${basename(source, '.c')}.so`)
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl', '-lpthread'])
  if (status !== 0) throw new Error(`cc cannot compile the layer: ${stderr}`)
  return library
}
