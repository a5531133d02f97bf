import { document } from '../../../lambdas/pages/parts/document.ts';
import { html } from '../../../lambdas/pages/parts/html.ts';
import { lonePage } from './answers.ts';
import type { BoardAnswer } from './messages.ts';

/** What somebody sees who is not let in. It says nothing about what the board shows. */
const lone = (heading: string, ...paragraphs: string[]): BoardAnswer =>
  lonePage(
    document({
      title: heading,
      corner: 'Board',
      main: html`<h1>${heading}</h1>
<section class="card">${paragraphs.map((text) => html`<p>${text}</p>`)}</section>`,
    }),
    403,
  );

/** For a browser that has not opened the start address. */
export const startedElsewhere = (): BoardAnswer =>
  lone(
    'This board is for the one who started it',
    'Open the address that was printed when it was started: copy it, as a whole, into the address bar. It is valid until the board ends.',
    'If you do not have it, start a board of your own with the command stagegate board.',
  );

/** For a request that nobody who sits here can have made. */
export const whyNot = (objection: string): BoardAnswer =>
  lone(
    'The board has refused this',
    `Nothing was read or changed, because ${objection}.`,
    'If you have followed a link, copy its address into the address bar instead.',
  );
