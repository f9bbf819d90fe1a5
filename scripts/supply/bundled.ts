import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Metafile } from 'esbuild'

/** A package whose code is in one of our files. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** An SPDX expression, as the package itself says. */
  readonly license: string
  /** Where it is installed, from the root unless on another drive, with `/` on every system. What is only a copy is found under its own name. */
  readonly folder: string
  /** The package that carries a copy of it in its own files; npm knows nothing of such copies. */
  readonly copiedBy: string | undefined
}

/** `…/node_modules/@scope/name/…` up to the name, of the innermost package. */
const IN_PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//
/** How bundlers of the Rollup family mark what they put together, here in a pnpm workspace: the version is in the path. */
const COPIED = /^\/\/#region \S*node_modules\/\.pnpm\/([^/\s]+)\/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm

/**
 * The packages whose code came into the output of these builds, and those that they in turn carry copies of, by name. What a
 * build only looked at and left out is not among them; what a package copied without a mark nobody can see.
 *
 * @param root The folder that the paths in the metafiles start from.
 */
export function listBundled(metafiles: readonly Metafile[], root: string): readonly BundledPackage[] {
  const inputs = new Set(
    metafiles.flatMap(({ outputs }) =>
      Object.values(outputs).flatMap((output) =>
        Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
      ),
    ),
  )
  const found = new Map<string, BundledPackage>()
  for (const path of inputs) {
    const [, folder] = IN_PACKAGE.exec(path) ?? []
    if (folder === undefined) continue
    const own = found.get(folder) ?? readPackage(root, folder)
    found.set(folder, own)
    for (const copy of listCopies(root, readFileSync(resolve(root, path), 'utf8'), own)) {
      found.set(`${folder} ${copy.name}@${copy.version}`, copy)
    }
  }
  return [...found.values()].sort((one, other) => compare(one.name, other.name) || compare(one.version, other.version))
}

function listCopies(root: string, text: string, { name: copiedBy }: BundledPackage): BundledPackage[] {
  return [...text.matchAll(COPIED)].map(([, stored = '', name = '']) => {
    const folder = `node_modules/${name}`
    const version = /^[^@_(]+/.exec(stored.slice(name.replace('/', '+').length + 1))?.[0] ?? ''
    if (!existsSync(resolve(root, folder))) {
      throw new Error(`${copiedBy} carries a copy of ${name} ${version}, whose licence is nowhere in node_modules`)
    }
    return { ...readPackage(root, folder), version, copiedBy }
  })
}

function readPackage(root: string, folder: string): BundledPackage {
  const read: unknown = JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8'))
  const { name, version, license } = Object(read)
  return { name: String(name), version: String(version), license: String(license), folder, copiedBy: undefined }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
