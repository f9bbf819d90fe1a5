/** What the tests ask of a Dockerfile. */
export interface Dockerfile {
  /** What is copied from the repository. */
  readonly copied: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The words of the last of these instructions. */
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
  /** Who runs it at the end. */
  readonly user: string | undefined
}

/** Reads the instructions that we use, in the forms that we use. */
export function readDockerfile(text: string): Dockerfile {
  const instructions = text
    .replace(/^#.*$/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => /^([A-Z]+) (.*)$/.exec(line) ?? [])
  const all = (wanted: string) => instructions.flatMap(([, name, rest = '']) => (name === wanted ? [rest] : []))
  const words = (rest = '[]'): string[] => JSON.parse(rest.slice(rest.indexOf('[')))
  const pairs = all('ENV').flatMap((rest) => rest.split(' ').map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
  return {
    copied: all('COPY').flatMap((rest) => (rest.startsWith('--from') ? [] : rest.split(' ').slice(0, -1))),
    env: Object.fromEntries(pairs),
    entrypoint: words(all('ENTRYPOINT').at(-1)),
    command: words(all('CMD').at(-1)),
    healthcheck: words(all('HEALTHCHECK').at(-1)),
    user: all('USER').at(-1),
  }
}

/** Sources that are not there or that .dockerignore hides, variables that are no setting, and who must not run it. */
export function checkDockerfile(
  { copied, env, user }: Dockerfile,
  ignored: string,
  variables: readonly string[],
  exists: (path: string) => boolean,
): string[] {
  const admitted = ignored.split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
  return [
    ...copied.filter((path) => !exists(path)).map((path) => `${path} is copied and not there`),
    ...copied.filter((path) => !admitted.includes(path)).map((path) => `${path} is copied and .dockerignore hides it`),
    ...admitted.filter((path) => !copied.includes(path)).map((path) => `.dockerignore admits ${path} for nothing`),
    ...Object.keys(env)
      .filter((name) => name.startsWith('BUS_') && !variables.includes(name))
      .map((name) => `${name} is no setting`),
    ...(Object.keys(env).includes('BUS_WRITE_SECRET') ? ['the image brings a secret'] : []),
    ...(user === undefined || user === 'root' ? ['the bus runs as root'] : []),
  ]
}
