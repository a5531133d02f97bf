/** A node of an XML answer: text, or elements by name. A list repeats its element; an absent value is left out. */
type XmlValue = string | number | boolean | undefined | XmlElements | readonly (XmlElements | string)[];
export interface XmlElements {
  readonly [name: string]: XmlValue;
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

function unescapeText(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (entity, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return named[name] ?? entity;
  });
}

/** Renders elements in the given order. */
export function renderElements(elements: XmlElements): string {
  return Object.entries(elements)
    .map(([name, value]) => {
      if (value === undefined) return '';
      const values = Array.isArray(value) ? value : [value];
      return values
        .map(
          (item) => `<${name}>${typeof item === 'object' ? renderElements(item) : escapeText(String(item))}</${name}>`,
        )
        .join('');
    })
    .join('');
}

/**
 * Returns the contents of each element `name` of a request body. No request document of the local cloud nests an
 * element in itself.
 */
export function readElements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map(
    ([, inner]) => inner ?? '',
  );
}

/** Returns the text of the first element `name`, or undefined. */
export function readText(xml: string, name: string): string | undefined {
  const [inner] = readElements(xml, name);
  return inner === undefined ? undefined : unescapeText(inner);
}
