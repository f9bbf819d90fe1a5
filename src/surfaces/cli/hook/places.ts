import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import nodePath, { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { LANE_MAP } from './lane-map.ts'

/** What stands in the root of a repository, or of a work tree of one. */
const ROOT_MARKS = ['.git', '.hg', '.jj', '.svn']

/** A file as a lane map knows it. */
export interface Place {
  /** The absolute path of the lane map. */
  readonly mapFile: string
  /** Relative to the folder of the lane map, with forward slashes. */
  readonly path: string
}

/**
 * Where a file stands in the lane maps: under the name that it was given, and under that of the file which is really
 * changed, where links make these two. Empty when no lane map knows it.
 *
 * @param file As a tool names it: absolute, or relative to `cwd`.
 * @param cwd The folder of the session.
 */
export function findPlaces(file: string, cwd: string): Place[] {
  // `a/link/../b` is not `a/b`: what a link does can only be told before the text is made shorter.
  const given = isAbsolute(file) ? file : `${cwd}${sep}${file}`
  const named = findPlace(resolve(given), resolve(cwd))
  const real = findPlace(findTruePath(given), findTruePath(cwd))
  const isSame = named !== undefined && named.mapFile === real?.mapFile && named.path === real.path
  return [named, isSame ? undefined : real].filter((place) => place !== undefined)
}

function findPlace(file: string, cwd: string): Place | undefined {
  const mapFile = findLaneMapFile(dirname(file), cwd)
  if (mapFile === undefined) return undefined
  const path = toMapPath(dirname(mapFile), file)
  return path === undefined ? undefined : { mapFile, path }
}

/**
 * The nearest lane map above a folder, up to the root of its repository. Outside of one up to the folder of the session:
 * what somebody left further up is nobody's rule here.
 */
export function findLaneMapFile(folder: string, cwd: string): string | undefined {
  const above = listFoldersAbove(folder)
  const root = above.findIndex((at) => ROOT_MARKS.some((mark) => isThere(join(at, mark))))
  const last = root === -1 ? above.indexOf(resolve(cwd)) : root
  return above
    .slice(0, last + 1)
    .map((at) => join(at, LANE_MAP))
    .find(isThere)
}

function listFoldersAbove(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...listFoldersAbove(parent)]
}

/** A link that leads nowhere is there: it is told, not overlooked. So is what may not be looked at. */
function isThere(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}

/**
 * A path as globs have it: relative, with forward slashes. Undefined for what is not below the folder.
 *
 * @param system How paths are written; that of this machine when left out.
 */
export function toMapPath(
  folder: string,
  file: string,
  system: Pick<typeof nodePath, 'isAbsolute' | 'relative' | 'sep'> = nodePath,
): string | undefined {
  const path = system.relative(folder, file)
  const isOutside = path === '' || path === '..' || path.startsWith(`..${system.sep}`) || system.isAbsolute(path)
  return isOutside ? undefined : path.replaceAll(system.sep, '/')
}

/** As many as systems follow before they speak of a circle. */
const MAX_LINKS = 40

/** The file that a path leads to, through every link, also when it is not there yet. */
export function findTruePath(path: string, links = 0): string {
  try {
    // The system's own: it also knows how a name is really spelled where case does not matter.
    return realpathSync.native(path)
  } catch {
    const parent = dirname(path)
    if (parent === path) return path
    const folder = findTruePath(parent, links)
    const target = links < MAX_LINKS ? findLink(path) : undefined
    return target === undefined ? join(folder, basename(path)) : findTruePath(resolve(folder, target), links + 1)
  }
}

function findLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
