import { findNodeAtLocation, type JSONPath, type Node, parseTree } from 'jsonc-parser'

interface Layout {
  readonly indent: string
  readonly eol: string
}

/**
 * Writes one value into the text of an object, and touches nothing else: jsonc-parser's own editor lays the neighbours out
 * anew.
 *
 * @param path Of a field, or of the end of a list; what it is in must be there, or its own parent.
 */
export function setValue(text: string, path: JSONPath, value: unknown): string {
  const root = parseTree(text, [], { allowTrailingComma: true })
  const layout = findLayout(text)
  const found = root && findNodeAtLocation(root, path)
  if (found) {
    const rendered = render(value, findIndent(text, found.parent ?? found) ?? '', layout)
    return text.slice(0, found.offset) + rendered + text.slice(found.offset + found.length)
  }
  const parentPath = path.slice(0, -1)
  const parent = root && findNodeAtLocation(root, parentPath)
  const key = path.at(-1)
  if (!parent) return setValue(text, parentPath, typeof key === 'number' ? [value] : { [String(key)]: value })
  const indent = findIndent(text, parent.children?.at(-1)) ?? layout.indent.repeat(path.length)
  const name = typeof key === 'number' ? '' : `${JSON.stringify(key)}: `
  return append(text, parent, name + render(value, indent, layout), indent, layout)
}

/** Puts a member at the end of an object or list, below the last one and the comment on its line. */
function append(text: string, parent: Node, member: string, indent: string, { eol, ...layout }: Layout): string {
  const last = parent.children?.at(-1)
  if (!last) {
    const before = text.slice(0, parent.offset + parent.length - 1).trimEnd()
    const outer = indent.slice(0, Math.max(0, indent.length - layout.indent.length))
    return `${before}${eol}${indent}${member}${eol}${outer}${text.slice(parent.offset + parent.length - 1)}`
  }
  const end = last.offset + last.length
  const line = /^[^\r\n]*/.exec(text.slice(end))?.[0] ?? ''
  const tail = /^\s*(,?)\s*(?:\/\/.*|\/\*((?!\*\/).)*\*\/)?\s*$/.exec(line)
  if (!tail) return `${text.slice(0, end)},${eol}${indent}${member}${text.slice(end)}`
  const comma = tail[1] === '' ? ',' : ''
  return `${text.slice(0, end)}${comma}${line}${eol}${indent}${member}${text.slice(end + line.length)}`
}

function render(value: unknown, indent: string, layout: Layout): string {
  return JSON.stringify(value, null, layout.indent).replaceAll('\n', layout.eol + indent)
}

/** The blanks in front of what begins its line; undefined for what does not. */
function findIndent(text: string, node: Node | undefined): string | undefined {
  return node && /(?:^|\n)([ \t]*)$/.exec(text.slice(0, node.offset))?.[1]
}

/** As the file has it: the first line that is indented tells. */
function findLayout(text: string): Layout {
  return {
    indent: /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ',
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  }
}
