import { html } from '../../../lambdas/pages/parts/html.ts';
import type { CommandError } from '../../output/command-error.ts';
import type { Ending } from '../../output/exit-codes.ts';
import { AddressError } from './address-error.ts';
import { boardPage, describeProblem } from './board-page.ts';
import { overviewPath, type Scene } from './scene.ts';

/** How often a page asks again that could not be made. */
const AGAIN_SECONDS = 5;

const HEADINGS: Partial<Record<Ending, readonly [status: number, heading: string]>> = {
  'not-found': [404, 'There is no such thing'],
  denied: [403, 'The API does not let the board in'],
  refused: [409, 'This is not possible now'],
  usage: [502, 'The API gives no usable answer'],
  unreachable: [503, 'The API does not answer'],
};

/** Returns a page that says what went wrong. If that may pass, it asks again by itself. */
export function problemPage(scene: Scene, problem: CommandError): { readonly page: string; readonly status: number } {
  const isOwn = problem instanceof AddressError;
  const [status, heading] = isOwn
    ? [422, 'This address says nothing that can be done']
    : (HEADINGS[problem.ending] ?? [502, 'Something went wrong on the side of the API']);
  const mayPass = !isOwn && problem.ending !== 'refused' && problem.ending !== 'not-found';
  const page = boardPage(scene, {
    title: heading,
    main: html`<h1>${heading}</h1>
<section class="card">${describeProblem(problem)}${mayPass && html`<p class="quiet small">The board goes on asking, and shows the page as soon as it can.</p>`}
<p><a href="${overviewPath(scene)}">All applications</a></p></section>`,
    ...(mayPass && { everySeconds: AGAIN_SECONDS }),
  });
  return { page, status };
}

export const noSuchPage = (scene: Scene): string =>
  boardPage(scene, {
    title: 'No such page',
    main: html`<h1>There is no such page</h1>
<section class="card"><p><a href="${overviewPath(scene)}">All applications</a></p></section>`,
  });
