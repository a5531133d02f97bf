import { type Html, html } from './html.ts';
import { MOST_CHARACTERS } from './limits.ts';

/** Small pieces of pages. */

/** Shows an address with its module path less prominent than the resource itself. */
export function addressOf(address: string): Html {
  const [path = ''] = /^(?:module\.[^.[]+(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?\.)+/.exec(address) ?? [];
  return html`${path !== '' && html`<span class="path">${path}</span>`}${address.slice(path.length)}`;
}

/** Shows names as code, with commas between them. */
export const codes = (names: readonly string[]): Html =>
  html`${names.map((name, at) => html`${at > 0 && ', '}<code><bdi>${name}</bdi></code>`)}`;

/** Shows addresses as a list. */
export const addressList = (addresses: readonly string[]): Html =>
  html`<ul class="plain">${addresses.map((address) => html`<li><code><bdi>${addressOf(address)}</bdi></code></li>`)}</ul>`;

/** Shows a value of a plan, shortened. */
export function valueShown(given: unknown): Html {
  if (given === undefined || given === null) return html`<span class="quiet">not set</span>`;
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return html`<code><bdi>${shown === '' ? '""' : shown}</bdi></code>`;
}
