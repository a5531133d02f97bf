import { renderElements, type XmlElements } from '../../door/xml-document.ts';

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Renders an answer of S3 with `root` as its document element. */
export function renderXml(root: string, elements: XmlElements): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${namespace}">${renderElements(elements)}</${root}>`;
}

/** Renders an error of S3; errors have no namespace. */
export function renderErrorXml(elements: XmlElements): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${renderElements(elements)}</Error>`;
}
