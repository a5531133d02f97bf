/** Renders `<name>content</name>`; `content` must already be XML. */
export function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"'\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Renders a value as XML content in the style of the query protocol: objects as elements, arrays as `<member>`, a `Map`
 * as `<entry><key/><value/></entry>`, dates in ISO form. `undefined` members are left out.
 */
export function xmlContent(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((member) => element('member', xmlContent(member))).join('');
  if (value instanceof Map) {
    return [...value]
      .map(([key, member]) =>
        element('entry', element('key', escapeXml(String(key))) + element('value', xmlContent(member))),
      )
      .join('');
  }
  if (typeof value === 'object') {
    return Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => element(name, xmlContent(member)))
      .join('');
  }
  return escapeXml(String(value));
}
