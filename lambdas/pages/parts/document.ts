import { type Html, html, trusted } from './html.ts';
import { STYLE } from './style.ts';

const STYLE_ELEMENT = trusted(`<style>${STYLE}</style>`);

export interface DocumentParts {
  readonly title: string;
  readonly main: Html;
  /** What stands opposite the name of the product: the subject of the page, or ways to other pages. */
  readonly corner?: Html | string;
  /** A link that skips what most readers have seen already. */
  readonly skip?: Html;
  /** What applies the style; otherwise the stylesheet of all pages stands in the page itself. */
  readonly style?: Html;
  /** The name of the product, as a way to the first page. */
  readonly mark?: Html;
}

/** Returns a whole page with the given main part. */
export const document = ({ title, main, corner = 'Deployment approval', skip, style, mark }: DocumentParts): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title} · Stagegate</title>
${style ?? STYLE_ELEMENT}
</head>
<body>
${skip}
<header class="bar">${mark ?? html`<span class="mark">Stagegate</span>`}${typeof corner === 'string' ? html`<span><bdi>${corner}</bdi></span>` : corner}</header>
<main>
${main}
</main>
</body>
</html>
`.text;
