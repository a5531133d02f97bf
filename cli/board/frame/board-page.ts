import { document } from '../../../lambdas/pages/parts/document.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { CommandError } from '../../output/command-error.ts';
import type { Ending } from '../../output/exit-codes.ts';
import { SCRIPT_ADDRESS, STYLE_ADDRESS } from './assets.ts';
import { overviewPath, type Scene } from './scene.ts';
import { ago } from './small-parts.ts';

interface Shown {
  readonly title: string;
  /** The pages above this one, from the first: their addresses and names. */
  readonly above?: readonly (readonly [path: string, name: string])[];
  readonly main: Html;
  /** How long the window waits before it asks again; undefined for a page that stays as it is. */
  readonly everySeconds?: number;
  /** When what is shown was read. */
  readonly readAt?: Date;
  /** How what is shown stands, in a sentence: it is read out when it changes. */
  readonly news?: string;
  /** Why it is not newer. */
  readonly problem?: CommandError | undefined;
}

/** Returns a page of the board. Its script asks for it again and changes what differs, while somebody looks at it. */
export function boardPage(
  scene: Scene,
  { title, above = [], main, everySeconds, readAt, news, problem }: Shown,
): string {
  const { base } = scene;
  const crumbs = above.map(([path, name]) => html`<li><a href="${path}"><bdi>${name}</bdi></a></li>`);
  return document({
    title,
    style: html`<link rel="stylesheet" href="${base}/board.css?${STYLE_ADDRESS}">
<script type="module" src="${base}/board.js?${SCRIPT_ADDRESS}"></script>
${everySeconds !== undefined && html`<noscript><meta http-equiv="refresh" content="${Math.max(everySeconds, 15)}"></noscript>`}`,
    skip: html`<a class="skip" href="#content">Skip to the content</a>`,
    mark: html`<a class="mark" href="${overviewPath(scene)}">Stagegate</a>`,
    corner: html`<nav aria-label="Where you are"><ol class="crumbs">${crumbs}<li aria-current="page"><bdi>${title}</bdi></li></ol></nav>`,
    main: html`<div id="content" tabindex="-1" data-every="${everySeconds ?? ''}">
<div id="lost" class="banner bad" role="alert" hidden><h2>The board does not answer</h2>
<p>What you see may be old. If it has ended, start it again with <code>stagegate board</code>, and open the address that it prints.</p></div>
<p class="sr" role="status">${news}</p>
${problem && readAt && outdated(scene, problem, readAt)}
${main}
</div>`,
  });
}

/** Says that what is shown is what was known, and why. */
const outdated = (scene: Scene, problem: CommandError, readAt: Date): Html =>
  html`<div class="banner bad"><div role="alert"><h2>${AWAY[problem.ending] ?? 'The API gives no usable answer'}</h2></div>
<p>What you see is ${ago(scene, readAt.toISOString())} old. The board goes on asking.</p>
${describeProblem(problem)}</div>`;

const AWAY: Partial<Record<Ending, string>> = {
  denied: 'The API no longer lets the board in',
  unreachable: 'The API does not answer',
};

/** What went wrong, in the words of the command line. */
export const describeProblem = ({ message, nextStep }: CommandError): Html =>
  html`<p class="small"><bdi>${message}</bdi></p>${nextStep !== undefined && html`<p class="small"><bdi>${nextStep}</bdi></p>`}`;
