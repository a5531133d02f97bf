import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { moment, nameOf } from '../../../lambdas/pages/parts/words.ts';
import type { Schemas } from '../../client/api-client.ts';
import { since } from '../../output/words.ts';
import type { Scene } from './scene.ts';

/** Small pieces of the board. */

/** How something stands, as a colour. Words stand beside it, so that nobody needs to see the colour. */
export type Standing = 'good' | 'bad' | 'warn' | 'calm' | 'quiet';

export const pill = (standing: Standing, text: string): Html => html`<span class="pill ${standing}">${text}</span>`;

/** How long ago something was; the exact time shows up under the pointer, and is there for machines. */
export const ago = ({ now }: Scene, instant: string): Html =>
  html`<time datetime="${instant}" title="${moment(instant)}">${since(instant, now)}</time>`;

/** The first line of a commit message. */
export const subjectOf = (message: string | undefined): string => message?.trim().split('\n')[0] ?? '';

export const who = (requester: Schemas['Deployment']['requestedBy']): string => nameOf(requester);

/** Says that not everything is shown. */
export const skippedNote = (count: number): Html =>
  banner({
    tone: 'bad',
    heading: `${counted(count, 'record')} cannot be read`,
    text: 'Not everything is shown. GET /health/details says which records these are.',
  });

interface Banner {
  readonly tone: 'good' | 'bad' | 'warn' | 'calm';
  readonly heading: string;
  readonly text: Html | string;
}

export const banner = ({ tone, heading, text }: Banner): Html =>
  html`<div class="banner ${tone}"><h2>${heading}</h2>
${typeof text === 'string' ? html`<p>${text}</p>` : text}</div>`;

/** A way to an action, which asks before it does anything. */
export const actionLink = (
  path: string,
  text: string,
  { tone = '', where }: { tone?: 'bad' | ''; where?: string } = {},
): Html =>
  html`<a class="action ${tone}" href="${path}">${text}${where !== undefined && html`<span class="sr"> ${where}</span>`}</a>`;
