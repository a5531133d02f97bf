import type { Analysis } from '../../domain/plan/analysis.ts';
import { counted } from '../../domain/plan/wording.ts';
import { type Html, html } from './html.ts';
import { MOST_ATTRIBUTES, MOST_DETAILED, MOST_LISTED } from './limits.ts';
import { addressList, addressOf } from './names-and-values.ts';
import { capitalized, difference, money } from './words.ts';

/** Shows the plan in a few large numbers, each in a `<div>` of a description list. */
export function keyFigures({ summary, blastRadius, cost }: Analysis): Html {
  const { add, change, destroy, replace } = summary;
  const { level, direct, dependents } = blastRadius;
  const { currency, monthlyBefore, monthlyAfter, monthlyDelta } = cost;
  const others = [
    ...(replace > 0 ? [`${replace} of them replaced`] : []),
    ...(summary.import > 0 ? [`${summary.import} to import`] : []),
    ...(summary.move > 0 ? [`${summary.move} moved`] : []),
    ...(summary.forget > 0 ? [`${summary.forget} forgotten`] : []),
    ...(summary.outputs > 0 ? [counted(summary.outputs, 'output')] : []),
  ];
  const count = (number: number, sign: string, tone: string, says: string) =>
    html`<span class="${number > 0 ? tone : 'none'}"><span aria-hidden="true">${sign}${number}</span><span class="sr">${number} ${says} </span></span>`;
  return html`<div><dt>Resources</dt><dd class="value counts">${count(add, '+', 'add', 'to create')}${count(change, '~', 'change', 'to change')}${count(destroy, '−', 'remove', 'to destroy')}</dd><dd class="detail">${others.length > 0 ? others.join(', ') : 'created, changed, destroyed'}</dd></div>
<div><dt>Blast radius</dt><dd class="value level ${level}">${level}</dd><dd class="detail">${direct.length} touched${dependents.length > 0 && `, ${dependents.length} ${dependents.length === 1 ? 'depends' : 'depend'} on them`}</dd></div>
<div><dt>Cost a month</dt><dd class="value">${difference(monthlyDelta, currency)}</dd><dd class="detail">${money(monthlyBefore, currency)} → ${money(monthlyAfter, currency)}</dd></div>`;
}

/** Shows the data that the plan destroys. It comes first on the page, because that data cannot be recovered. */
export function lossesSection({ blastRadius: { statefulLosses, causes } }: Analysis): Html | undefined {
  if (statefulLosses.length === 0) return undefined;
  const sentences = causes.filter(({ rule }) => rule === 'stateful-loss').map(({ text }) => text);
  const told = sentences.length > 0 ? sentences : statefulLosses;
  return html`<section class="banner bad" aria-labelledby="losses">
<h2 id="losses">This plan destroys data</h2>
<ul>${told.slice(0, MOST_DETAILED).map((loss) => html`<li>${loss}</li>`)}</ul>
</section>`;
}

export function blastRadiusSection({ blastRadius }: Analysis, picture: Html | undefined): Html {
  const { level, direct, dependents, exposures, reasons, lowerBound, unjudged } = blastRadius;
  return html`<section class="card" aria-labelledby="blast-radius">
<h2 id="blast-radius">Blast radius <span class="pill level ${level}">${level}</span></h2>
<p>${counted(direct.length, 'resource')} touched directly, ${counted(dependents.length, 'resource')} through dependencies${lowerBound.length > 0 && ' (at least)'}.</p>
${reasons.length > 0 && html`<ul>${reasons.slice(0, MOST_DETAILED).map((reason) => html`<li>${reason}</li>`)}</ul>`}
${picture}
${exposures.length > 0 && html`<h3>Opens or weakens access</h3><ul>${exposures.slice(0, MOST_DETAILED).map(({ address, why, severity }) => html`<li><code><bdi>${addressOf(address)}</bdi></code> ${why} <span class="pill ${severity}">${severity}</span></li>`)}</ul>`}
${dependents.length > 0 && html`<details><summary>What depends on it</summary>${addressList(dependents.slice(0, MOST_LISTED))}</details>`}
${unjudged.length > 0 && html`<p class="quiet small">Known only after the apply, and therefore not judged: ${unjudged.slice(0, MOST_ATTRIBUTES).map(({ address, attributes }, at) => html`${at > 0 && ', '}<code><bdi>${address}</bdi></code> (${attributes.join(', ')})`)}</p>`}
</section>`;
}

export function costSection({ cost }: Analysis): Html {
  const { currency, monthlyBefore, monthlyAfter, monthlyDelta, range, coverage, unpriced, assumptions, sheetDate } =
    cost;
  const changing = cost.resources
    .filter(({ delta }) => delta !== 0)
    .sort((one, other) => Math.abs(other.delta) - Math.abs(one.delta));
  return html`<section class="card" aria-labelledby="cost">
<h2 id="cost">Cost</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Cost per month"><table>
<thead><tr><th scope="col">Per month</th><th scope="col" class="number">Before</th><th scope="col" class="number">After</th><th scope="col" class="number">Difference</th></tr></thead>
<tbody>${changing.slice(0, MOST_DETAILED).map(
    ({
      address,
      region,
      before,
      after,
      delta,
    }) => html`<tr><th scope="row"><code><bdi>${addressOf(address)}</bdi></code>${region !== undefined && html` <span class="quiet">in ${region}</span>`}</th>
<td class="number">${money(before, currency)}</td><td class="number">${money(after, currency)}</td><td class="number">${difference(delta, currency)}</td></tr>
`,
  )}</tbody>
<tfoot><tr><th scope="row">The whole environment</th><td class="number">${money(monthlyBefore, currency)}</td><td class="number">${money(monthlyAfter, currency)}</td><td class="number">${difference(monthlyDelta, currency)}</td></tr></tfoot>
</table></div>
<p class="quiet small">Estimated list prices in ${currency}, the oldest of ${sheetDate}; ${Math.round(coverage)} % of the resources have a price. Depending on use the difference may be between ${difference(range.delta.low, currency)} and ${difference(range.delta.high, currency)}.</p>
${unpriced.length > 0 && html`<details><summary>${counted(unpriced.length, 'resource')} without a price</summary>${addressList(unpriced.slice(0, MOST_LISTED))}</details>`}
${assumptions.length > 0 && html`<details><summary>What the estimate assumes</summary><ul>${assumptions.slice(0, MOST_DETAILED).map(({ text, count }) => html`<li>${capitalized(text)}${count > 1 && html` <span class="quiet">(${count} times)</span>`}</li>`)}</ul></details>`}
</section>`;
}

/** Shows what safeguards, checks and drift say about the plan. */
export function safeguardsSection(analysis: Analysis): Html {
  const points = pointsOf(analysis);
  return html`<section class="card" aria-labelledby="safeguards">
<h2 id="safeguards">Safeguards and checks</h2>
${points.length === 0 ? html`<p>There is no objection to this plan: it is complete, and it deletes or replaces nothing that is protected.</p>` : html`<ul>${points.slice(0, MOST_LISTED).map((point) => html`<li>${point}</li>`)}</ul>`}
</section>`;
}

function pointsOf({ complete, safeguards, checks, drift, deferred, invocations, notices }: Analysis): Html[] {
  const failing = checks.filter(({ status }) => status === 'fail' || status === 'error');
  const code = (address: string) => html`<code><bdi>${addressOf(address)}</bdi></code>`;
  return [
    ...(complete ? [] : [html`The plan covers only a part of the configuration.`]),
    ...safeguards.violations.map(
      ({ address, why, liftedBy }) =>
        html`${code(address)} ${why}${liftedBy && html`: <strong>staff lifted this protection for one use</strong>`}`,
    ),
    ...failing.map(({ address, problems }) => html`Check ${code(address)} fails: ${problems.join('; ')}`),
    ...drift.map(
      ({ address, what, attributes }) =>
        html`${code(address)} was ${what} outside of Terraform${attributes.length > 0 && ` (${attributes.join(', ')})`}`,
    ),
    ...deferred.map(({ address, reason }) => html`${code(address)} is put off: ${reason}`),
    ...invocations.map((address) => html`Runs the action ${code(address)}`),
    ...notices.map((notice) => html`${capitalized(notice)}`),
  ];
}

/**
 * Shows files that are applied and are not in the commit, and providers that differ from those of the last successful
 * deployment.
 */
export function broughtAlongSection({ addedFiles, providerChanges = [] }: Analysis): Html | undefined {
  if (!addedFiles && providerChanges.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="brought-along">
<h2 id="brought-along">Changed providers and added files</h2>
${
  providerChanges.length > 0 &&
  html`<p>Providers that differ from those of the last successful deployment:</p>
<ul>${providerChanges
    .slice(0, MOST_LISTED)
    .map(
      ({ address, version, before }) =>
        html`<li><code><bdi>${address}</bdi></code> ${version} <span class="quiet">(${providerBefore(version, before)})</span></li>`,
    )}</ul>`
}
${
  addedFiles &&
  html`<p>${counted(addedFiles.count, 'file')} that the plan made in the repository and that ${addedFiles.count === 1 ? 'is' : 'are'} not in the commit:</p>
${addressList(addedFiles.paths)}${addedFiles.count > addedFiles.paths.length && html`<p class="quiet small">and ${addedFiles.count - addedFiles.paths.length} more</p>`}`
}
</section>`;
}

function providerBefore(version: string, before: string | undefined): string {
  if (before === undefined) return 'new';
  return before === version ? 'the same version, with other hashes in the lock file' : `${before} before`;
}
