/** What the links of a page install by a click: for each client the name of the server and how to start it. */
export function readInstallLinks(text: string): { client: string; name: string | null; config: unknown }[] {
  const decoders = {
    'https://insiders.vscode.dev/redirect/mcp/install': (config: string) => config,
    'https://cursor.com/en/install-mcp': (config: string) => Buffer.from(config, 'base64').toString(),
  }
  return Object.entries(decoders).flatMap(([address, decode]) =>
    [...text.matchAll(/\]\((https:[^)]+)\)/g)].flatMap(([, link = '']) => {
      if (!link.startsWith(`${address}?`)) return []
      const { searchParams } = new URL(link)
      return [
        {
          client: new URL(address).hostname,
          name: searchParams.get('name'),
          config: parse(decode(searchParams.get('config') ?? '')),
        },
      ]
    }),
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
