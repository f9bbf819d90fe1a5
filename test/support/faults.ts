/** What a bus logged, a line each, without the requests that it told of as not served: what it says is a fault. */
export function listFaults(logged: readonly string[] | string): string[] {
  const lines = typeof logged === 'string' ? logged.split('\n').filter(Boolean) : logged
  return lines.filter((line) => !line.includes('"event":"request not served"'))
}
