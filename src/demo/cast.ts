/** Who is on stage: agents named after what they do, and the one person whom they ask. */

export type Role =
  | 'planner'
  | 'builder'
  | 'frontend'
  | 'reviewer'
  | 'tester'
  | 'migrations'
  | 'docs'
  | 'release'
  | 'ops'

export interface Agent {
  readonly name: string
  readonly role: Role
}

export const cast: readonly Agent[] = [
  { name: 'planner', role: 'planner' },
  { name: 'builder-1', role: 'builder' },
  { name: 'builder-2', role: 'builder' },
  { name: 'builder-3', role: 'builder' },
  { name: 'frontend', role: 'frontend' },
  { name: 'reviewer', role: 'reviewer' },
  { name: 'tester', role: 'tester' },
  { name: 'migrations', role: 'migrations' },
  { name: 'docs', role: 'docs' },
  { name: 'release', role: 'release' },
  { name: 'ops', role: 'ops' },
]

/** The person who sees to the flags that no visitor has seen to. */
export const OPERATOR = 'operator'
