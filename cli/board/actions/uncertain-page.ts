import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { CommandError } from '../../output/command-error.ts';
import { describeProblem } from '../frame/board-page.ts';
import { applicationPath, type Scene } from '../frame/scene.ts';

/** Says that nobody knows whether something was done, and sends the same form again, under its own key. */
export function uncertainPage(
  scene: Scene,
  application: string,
  form: URLSearchParams,
  problem: CommandError,
): { readonly title: string; readonly main: Html } {
  const title = 'It is not certain that this was done';
  const fields = [...form].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  const main = html`<h1>${title}</h1>
<section class="card" role="alert">${describeProblem(problem)}
<p>You can send it again: it is done once, however often it is sent.</p>
<form method="post">${fields}<div class="buttons"><button class="go">Send it again</button></div></form>
<p><a href="${applicationPath(scene, application)}">Look what has become of it</a></p></section>`;
  return { title, main };
}
