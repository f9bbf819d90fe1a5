/** Text for an element: in ASCII alone, so that no program in between can take it for another encoding. */
export function toXmlText(text: string): string {
  return text.replace(/[&<>"']|[^\x20-\x7e]/gu, (character) => `&#${character.codePointAt(0)};`)
}
