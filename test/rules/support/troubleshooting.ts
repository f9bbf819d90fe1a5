import type { SourceFile } from './tree.ts'

/** A row of a table whose first cell is a code, with the two cells after it. */
const ROW = /^\| `([a-z_]+)`(?: \(\d+\))? \| *(.*?) *\| *(.*?) *\|$/gm

/** What is wrong with the page: codes that it does not explain, explains twice or without advice, and codes of nobody. */
export function findUnexplainedCodes(codes: readonly string[], { path, text }: SourceFile): string[] {
  const rows = [...text.matchAll(ROW)].map(([, code = '', meaning = '', advice = '']) => ({ code, meaning, advice }))
  const explained = rows.map(({ code }) => code)
  return [
    ...codes.filter((code) => !explained.includes(code)).map((code) => `${path} has no row for ${code}`),
    ...rows
      .filter(({ meaning, advice }) => !meaning || !advice)
      .map(({ code }) => `${path} says too little of ${code}`),
    ...explained.filter((code, at) => explained.indexOf(code) !== at).map((code) => `${path} has two rows for ${code}`),
    ...explained
      .filter((code) => !codes.includes(code))
      .map((code) => `${path} explains ${code}, which nobody answers with`),
  ]
}
