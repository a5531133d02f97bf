import { listed } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { capitalized, money, timeLeft } from '../../../lambdas/pages/parts/words.ts';
import type { Schemas } from '../../client/api-client.ts';
import { short } from '../../output/words.ts';
import { deploymentPath, type Scene } from '../frame/scene.ts';
import { ago, pill, type Standing, who } from '../frame/small-parts.ts';
import type { ApplicationNow, Temporary } from '../reading/read-application.ts';

type Ephemeral = Schemas['EphemeralEnvironment'];

/** Lists the temporary environments with the time that is left to them and what they cost. */
export function ephemeralSection(scene: Scene, { ephemeral, ephemeralCost }: ApplicationNow): Html | undefined {
  if (ephemeral.length === 0) return undefined;
  const { total, currency, unknown } = ephemeralCost;
  return html`<section class="card" aria-labelledby="ephemeral">
<h2 id="ephemeral">Ephemeral environments</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Ephemeral environments"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Status</th><th scope="col">From</th><th scope="col">Ends</th><th scope="col" class="number">A month</th></tr></thead>
<tbody>${ephemeral.map((each) => row(scene, each))}</tbody>
<tfoot><tr><th scope="row" colspan="4">Together</th><td class="number">${money(total, currency)}</td></tr></tfoot></table></div>
${unknown.length > 0 && html`<p class="quiet small">The cost of ${listed(unknown)} is not known.</p>`}
</section>`;
}

function row(scene: Scene, { environment, newest: running }: Temporary): Html {
  const { application, name, status, ref, commit, follow, basedOn, expiresAt, closing, monthlyCost, createdBy } =
    environment;
  const title = html`<bdi>${name}</bdi>`;
  const ends = closing
    ? html`ending${closing.stuckAt !== null && html` ${pill('bad', 'stuck')}`}`
    : html`<time datetime="${expiresAt}">${timeLeft(scene.now.toISOString(), expiresAt) ?? 'now'}</time>`;
  return html`<tr><th scope="row">${running === undefined ? title : html`<a href="${deploymentPath(scene, { application, environment: name, id: running })}">${title}</a>`} <span class="quiet small">by ${who(createdBy)}, ${ago(scene, environment.createdAt)} ago</span></th>
<td>${pill(toneOf(status), capitalized(status.replaceAll('_', ' ')))}</td>
<td><bdi>${ref ?? ''}</bdi> <code>${commit === null ? '' : short(commit)}</code> <span class="quiet small">${follow && 'follows it, '}based on ${basedOn}</span></td>
<td>${ends}</td><td class="number">${monthlyCost ? money(monthlyCost.amount, monthlyCost.currency) : html`<span class="quiet">not known</span>`}</td></tr>
`;
}

function toneOf(status: Ephemeral['status']): Standing {
  if (status === 'failed' || status === 'stuck') return 'bad';
  if (status === 'succeeded') return 'good';
  return status === 'empty' || status === 'closed' ? 'quiet' : 'calm';
}
