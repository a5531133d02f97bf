import type { Page } from '../runtime/page-handler.ts';
import { document } from './parts/document.ts';
import { html } from './parts/html.ts';

/** Returns a page with one message. */
export const message = (status: number, heading: string, ...paragraphs: string[]): Page => ({
  status,
  html: document({
    title: heading,
    main: html`<h1>${heading}</h1>
<section class="card">${paragraphs.map((text) => html`<p>${text}</p>`)}</section>`,
  }),
});

/** Returns the same page for a forged, a malformed and a deleted link, so that it does not reveal which one it was. */
export const unknownLink = (): Page =>
  message(
    404,
    'This link leads nowhere',
    'It may have been cut off when it was copied. Please open the link in the e-mail itself, as a whole.',
    'If it still does not work, ask the person who wants your approval.',
  );

export const failure = (status: number): Page =>
  status === 503
    ? message(
        503,
        'Please try again in a moment',
        'It is not certain that your decision was recorded. The link in the e-mail stays valid: opened again, it shows what was decided, and asks you if nothing was.',
      )
    : message(
        status,
        'This page could not be made',
        'Something went wrong on our side. Please open the link again in a few minutes; it stays valid.',
      );
