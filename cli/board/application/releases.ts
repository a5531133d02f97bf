import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { Schemas } from '../../client/api-client.ts';
import { short } from '../../output/words.ts';
import { deploymentPath, type Scene } from '../frame/scene.ts';
import { ago, type Standing, subjectOf } from '../frame/small-parts.ts';
import type { ApplicationNow } from '../reading/read-application.ts';

type Release = Schemas['Release'];
type State = Release['environments'][number]['state'];

/** What became of a release in an environment: how it looks, and what it is called. */
const STATES: Readonly<Record<State, readonly [Standing, string]>> = {
  applied: ['good', '✓ applied'],
  passed: ['good', '→ passed'],
  succeeded: ['good', '✓ succeeded'],
  withdrawn: ['warn', '✓ withdrawn'],
  unsuccessful: ['warn', '✗ unsuccessful'],
  rejected: ['bad', '✗ rejected'],
  expired: ['warn', '✗ expired'],
  canceled: ['quiet', '✗ canceled'],
  superseded: ['quiet', 'superseded'],
  blocked: ['bad', '✗ blocked'],
  failed: ['bad', '✗ failed'],
  queued: ['calm', '… queued'],
  open: ['calm', '… under way'],
};

/** Lists the newest releases, and what became of each in every environment. */
export function releasesSection(scene: Scene, { application, lanes, releases }: ApplicationNow): Html {
  const names = lanes.map(({ name }) => name);
  return html`<section class="card" aria-labelledby="releases">
<h2 id="releases">Releases</h2>
${
  releases.length === 0
    ? html`<p>No release yet. A push to the config repository makes one, and so does <code>stagegate release</code>.</p>`
    : html`<div class="scroll" tabindex="0" role="group" aria-label="Releases and environments"><table class="releases">
<thead><tr><th scope="col">Release</th><th scope="col">Commit</th>${names.map((name) => html`<th scope="col"><bdi>${name}</bdi></th>`)}</tr></thead>
<tbody>${releases.map((release) => row(scene, application.name, release, names))}</tbody></table></div>`
}
</section>`;
}

function row(scene: Scene, application: string, release: Release, names: readonly string[]): Html {
  const { number, message, author, commit, createdAt, environments } = release;
  const subject = subjectOf(message);
  return html`<tr id="release-${number}"><th scope="row"><strong>${number}</strong> <span class="quiet">${ago(scene, createdAt)} ago</span></th>
<td class="what"><bdi>${subject === '' ? 'No commit message' : subject}</bdi> <span class="quiet small"><code>${short(commit)}</code>${author !== '' && html` <bdi class="author">${nameIn(author)}</bdi>`}</span></td>
${names.map((name) => {
  const found = environments.find(({ environment }) => environment === name);
  if (!found) return html`<td><span class="quiet" aria-hidden="true">–</span><span class="sr">not deployed</span></td>`;
  const [standing, word] = STATES[found.state];
  return html`<td><a class="pill ${standing}" href="${deploymentPath(scene, { application, environment: name, id: found.deploymentId })}">${word}</a></td>`;
})}</tr>
`;
}

/** The name in `Name <address>`. */
const nameIn = (author: string): string => author.replace(/ *<[^<>]*>$/, '') || author;
