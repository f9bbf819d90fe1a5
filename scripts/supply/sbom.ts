import type { BundledPackage } from './bundled.ts'

export interface Component {
  readonly 'bom-ref': string
  readonly name: string
  readonly version?: string
  readonly scope?: string
  readonly properties?: readonly { readonly name: string; readonly value: string }[]
  /** What it carries copies of. */
  readonly components?: readonly Component[]
}

/** A bill of materials in CycloneDX 1.5, as far as we look into it. */
export interface Sbom {
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

/**
 * What is shipped. npm's own bill takes what we bundle for tools of the build, which nobody gets; so the packages that are
 * neither bundled nor installed along are left out, and those that are bundled are marked as such. What they carry copies of
 * stands inside them: without a hash, for nobody installed it.
 *
 * @param full npm's bill of everything in the lockfile.
 * @param name The product; npm calls it after the folder.
 * @throws {Error} When a package that is bundled is not in npm's bill.
 */
export function toShipped<Full extends Sbom>(full: Full, bundled: readonly BundledPackage[], name: string): Full {
  const installed = bundled.filter(({ copiedBy }) => copiedBy === undefined)
  const bundledRefs = new Set(installed.map(toRef))
  const components = full.components
    .filter((one) => bundledRefs.has(one['bom-ref']) || !isForDevelopment(one))
    .map((one) => (bundledRefs.has(one['bom-ref']) ? toBundled(one, bundled) : one))
  const root = full.metadata.component
  const refs = new Set([root, ...components].map((one) => one['bom-ref']))
  const missing = [...bundledRefs].filter((ref) => !refs.has(ref))
  if (missing.length > 0) throw new Error(`npm does not know of what is bundled: ${missing.join(', ')}`)
  return {
    ...full,
    metadata: { ...full.metadata, lifecycles: [{ phase: 'build' }], component: { ...root, type: 'application', name } },
    components,
    dependencies: full.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) })),
  }
}

function toBundled(component: Component, bundled: readonly BundledPackage[]): Component {
  const copies = bundled.filter(({ copiedBy }) => copiedBy === component.name)
  return {
    ...component,
    scope: 'required',
    // The word of the CycloneDX property taxonomy for npm.
    properties: [{ name: 'cdx:npm:package:bundled', value: 'true' }],
    ...(copies.length === 0 ? {} : { components: copies.map((copy) => toCopy(copy, component['bom-ref'])) }),
  }
}

function toCopy(copy: BundledPackage, within: string) {
  return {
    'bom-ref': `${within}|${toRef(copy)}`,
    type: 'library',
    name: copy.name,
    version: copy.version,
    scope: 'required',
    purl: `pkg:npm/${copy.name.replace('@', '%40')}@${copy.version}`,
    licenses: [/[ ()]/.test(copy.license) ? { expression: copy.license } : { license: { id: copy.license } }],
  }
}

function toRef({ name, version }: BundledPackage): string {
  return `${name}@${version}`
}

function isForDevelopment({ properties = [] }: Component): boolean {
  return properties.some(({ name }) => name === 'cdx:npm:package:development')
}
