import { randomUUID } from 'node:crypto';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { CommandError } from '../../output/command-error.ts';
import { describeProblem } from '../frame/board-page.ts';
import { applicationPath, type Scene } from '../frame/scene.ts';
import { KEY } from './confirmation-page.ts';

interface Sent {
  readonly form: URLSearchParams;
  readonly problem: CommandError;
  /** Whether it is certain that nothing was done. */
  readonly isCertain: boolean;
}

/** Says that something was not done, or that nobody knows, and sends the same form again. */
export function againPage(
  scene: Scene,
  application: string,
  { form, problem, isCertain }: Sent,
): { readonly title: string; readonly main: Html } {
  const title = isCertain ? 'Nothing was changed' : 'It is not certain that this was done';
  // What may have been done goes again under its own key, so that it is done once.
  const fields = [...form].map(([name, value]) => [name, isCertain && name === KEY ? randomUUID() : value] as const);
  const main = html`<h1>${title}</h1>
<section class="card"><div role="alert">${describeProblem(problem)}</div>
${!isCertain && html`<p>You can send it again: it is done once, however often it is sent.</p>`}
<form method="post">${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<div class="buttons"><button class="go">Send it again</button></div></form>
<p><a href="${applicationPath(scene, application)}">Look how ${application} stands</a></p></section>`;
  return { title, main };
}
