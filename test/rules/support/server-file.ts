import * as z from 'zod'

// The rules of the registry for what our file says (server.json of 2025-12-11), in words of our own. Strict, so that a field
// that is not among them is read up before it is used.

const version = z
  .string()
  .max(255)
  .regex(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/, { error: 'one version, not a range' })

const variable = z.strictObject({
  name: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  description: z.string().min(1),
  isSecret: z.boolean().optional(),
  default: z.string().optional(),
})

const serverFile = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/, { error: 'reverse DNS with one slash' }),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version,
  packages: z
    .array(
      z.strictObject({
        registryType: z.literal('npm'),
        identifier: z.string().min(1),
        version,
        transport: z.strictObject({ type: z.literal('stdio') }),
        environmentVariables: z.array(variable),
      }),
    )
    .min(1),
})

interface PackageFile {
  readonly name: string
  readonly mcpName: string
  readonly version: string
}

/** What the registry would refuse: a breach of its format, or of what it compares with the published package. */
export function checkServerFile(file: unknown, { name, mcpName, version }: PackageFile): string[] {
  const parsed = serverFile.safeParse(file)
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  const { packages, ...server } = parsed.data
  return [
    ...(server.name === mcpName ? [] : ['name is not mcpName of package.json']),
    ...(server.version === version ? [] : ['version is not that of package.json']),
    ...packages.flatMap((found) => [
      ...(found.identifier === name ? [] : [`${found.identifier} is not our package`]),
      ...(found.version === version ? [] : ['the version of the package is not that of package.json']),
      ...found.environmentVariables
        .filter((one) => one.isSecret && one.default !== undefined)
        .map((one) => `${one.name} is a secret with a default`),
    ]),
  ]
}
