import type { ParityView } from '../domain/find-parity.ts';
import type { Analysis } from '../domain/plan/analysis.ts';
import { type Html, html } from './html.ts';
import { capitalized, counted, difference, money } from './words.ts';

type Resource = Analysis['resources'][number];
type Attribute = Resource['attributes'][number];

/** Resources shown with their attributes, attributes per resource, characters per value: what a page can hold. */
const MOST_DETAILED = 150;
const MOST_ATTRIBUTES = 40;
const MOST_CHARACTERS = 300;
/** Further ones are listed by address; a person cannot judge more. */
const MOST_LISTED = 2000;

interface Group {
  readonly heading: (count: number) => string;
  readonly sign: string;
  readonly tone: 'add' | 'change' | 'remove' | 'quiet';
  readonly holds: (resource: Resource) => boolean;
}

/** What happens to resources, the most dangerous first. */
const GROUPS: readonly Group[] = [
  {
    heading: (count) => `${counted(count, 'resource')} will be destroyed`,
    ...{ sign: '−', tone: 'remove', holds: ({ kind }) => kind === 'delete' },
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be replaced: destroyed and made anew`,
    ...{ sign: '±', tone: 'remove', holds: ({ kind }) => kind === 'replace' },
  },
  {
    heading: (count) => `${counted(count, 'resource')} with actions this version does not know`,
    ...{ sign: '?', tone: 'remove', holds: ({ kind }) => kind === 'unknown' },
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be changed`,
    ...{ sign: '~', tone: 'change', holds: ({ kind }) => kind === 'update' },
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be created`,
    ...{ sign: '+', tone: 'add', holds: ({ kind }) => kind === 'create' },
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be imported, moved, read or forgotten`,
    ...{ sign: '→', tone: 'quiet', holds: ({ kind }) => ['no-op', 'forget', 'read'].includes(kind) },
  },
];

/** The plan in one line of numbers. */
export function summaryChips({ summary, blastRadius, cost }: Analysis): Html {
  const { add, change, destroy, replace } = summary;
  return html`<ul class="chips" aria-label="The plan in numbers">
<li class="chip add">${add} to create</li>
<li class="chip change">${change} to change</li>
<li class="chip remove">${destroy} to destroy${replace > 0 && `, ${replace} of them replaced`}</li>
<li class="level ${blastRadius.level}">${blastRadius.level} blast radius</li>
<li class="chip">${difference(cost.monthlyDelta, cost.currency)} per month</li>
</ul>`;
}

/** What cannot be had back, before anything else. */
export function lossesSection({ blastRadius: { statefulLosses } }: Analysis): Html | undefined {
  if (statefulLosses.length === 0) return undefined;
  return html`<section class="banner bad" aria-labelledby="losses">
<h2 id="losses">This plan destroys data</h2>
<ul>${statefulLosses.map((loss) => html`<li>${loss}</li>`)}</ul>
</section>`;
}

export function changesSection(analysis: Analysis): Html {
  let detailed = 0;
  const groups = GROUPS.map((group) => {
    const resources = analysis.resources.filter(group.holds);
    if (resources.length === 0) return undefined;
    const room = Math.max(0, MOST_DETAILED - detailed);
    detailed += Math.min(room, resources.length);
    return html`<h3 class="${group.tone}">${group.heading(resources.length)}</h3>
${resources.slice(0, room).map((resource) => resourceDetails(resource, group))}
${listedOnly(resources.slice(room), group)}`;
  });
  return html`<section class="card" aria-labelledby="changes">
<h2 id="changes">What changes</h2>
${analysis.resources.length === 0 && html`<p>No resource changes.</p>`}
${groups}
${outputsTable(analysis.outputs)}
</section>`;
}

function resourceDetails(resource: Resource, { sign, tone }: Group): Html {
  const { address, type, attributes, moreAttributes, stateful, deposed, previousAddress, importId } = resource;
  const shown = attributes.slice(0, MOST_ATTRIBUTES);
  const more = moreAttributes + attributes.length - shown.length;
  return html`<details class="resource"${tone === 'remove' && OPEN}>
<summary><span class="sign ${tone}" aria-hidden="true">${sign}</span> <code><bdi>${address}</bdi></code>
<span class="quiet">${type}${deposed && `, deposed object ${deposed}`}</span>
${stateful && tone === 'remove' && html`<span class="tag">holds data</span>`}</summary>
${previousAddress && html`<p>Moved from <code><bdi>${previousAddress}</bdi></code></p>`}
${importId && html`<p>Imported: <code><bdi>${importId}</bdi></code></p>`}
${
  shown.length > 0 &&
  html`<div class="scroll" tabindex="0" role="group" aria-label="Attributes of ${address}"><table>
<thead><tr><th scope="col">Attribute</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
<tbody>${shown.map(attributeRow)}</tbody>
</table></div>`
}
${more > 0 && html`<p class="quiet">${counted(more, 'further attribute')} not shown.</p>`}
</details>`;
}

const OPEN = html` open`;

const attributeRow = ({ path, before, after, sensitive, unknown, forcesReplacement }: Attribute): Html =>
  html`<tr><th scope="row"><code><bdi>${path}</bdi></code>
${forcesReplacement && html` <span class="tag">forces replacement</span>`}${sensitive && html` <span class="quiet">sensitive</span>`}</th>
<td>${valueShown(before)}</td><td>${unknown ? html`<em class="quiet">known after the apply</em>` : valueShown(after)}</td></tr>`;

/** A value of a plan as the pages show it. */
export function valueShown(given: unknown): Html {
  if (given === undefined || given === null) return html`<span class="quiet">not set</span>`;
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return html`<code><bdi>${shown === '' ? '""' : shown}</bdi></code>`;
}

function listedOnly(resources: readonly Resource[], { sign, tone }: Group): Html | undefined {
  if (resources.length === 0) return undefined;
  const shown = resources.slice(0, MOST_LISTED);
  const rest = resources.length - shown.length;
  return html`<ul class="plain">${shown.map(
    ({ address }) =>
      html`<li><span class="sign ${tone}" aria-hidden="true">${sign}</span> <code><bdi>${address}</bdi></code></li>`,
  )}</ul>
${rest > 0 && html`<p><strong>And ${rest} more, which do not fit on this page.</strong></p>`}`;
}

function outputsTable(outputs: Analysis['outputs']): Html | undefined {
  if (outputs.length === 0) return undefined;
  return html`<h3>${counted(outputs.length, 'output')} will change</h3>
<div class="scroll" tabindex="0" role="group" aria-label="Outputs that change"><table>
<thead><tr><th scope="col">Output</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
<tbody>${outputs.slice(0, MOST_DETAILED).map(({ name, before, after, sensitive, unknown }) =>
    attributeRow({
      path: name,
      before,
      after,
      ...(sensitive && { sensitive: true as const }),
      ...(unknown && { unknown: true as const }),
    }),
  )}</tbody>
</table></div>`;
}

/** Level and reasons, with a picture where there is one. */
export function blastRadiusSection({ blastRadius }: Analysis, picture?: Html): Html {
  const { level, reasons, direct, dependents, exposures, unjudged, lowerBound } = blastRadius;
  return html`<section class="card" aria-labelledby="blast-radius">
<h2 id="blast-radius">Blast radius: <span class="level ${level}">${level}</span></h2>
<p>${counted(direct.length, 'resource')} touched directly, ${counted(dependents.length, 'resource')} through dependencies${lowerBound.length > 0 && ' (at least)'}.</p>
${reasons.length > 0 && html`<ul>${reasons.slice(0, MOST_DETAILED).map((reason) => html`<li>${reason}</li>`)}</ul>`}
${picture && html`<div class="scroll" tabindex="0" role="group" aria-label="Picture of the blast radius">${picture}</div>`}
${exposures.length > 0 && html`<h3>Opens or weakens access</h3><ul>${exposures.slice(0, MOST_DETAILED).map(({ address, why, severity }) => html`<li><code><bdi>${address}</bdi></code> ${why} <span class="quiet">(${severity})</span></li>`)}</ul>`}
${dependents.length > 0 && html`<details><summary>What depends on it</summary><ul>${dependents.slice(0, MOST_LISTED).map((address) => html`<li><code><bdi>${address}</bdi></code></li>`)}</ul></details>`}
${unjudged.length > 0 && html`<p class="quiet">Known only after the apply, and therefore not judged: ${unjudged.slice(0, MOST_ATTRIBUTES).map(({ address, attributes }) => html`<code><bdi>${address}</bdi></code> (${attributes.join(', ')}) `)}</p>`}
</section>`;
}

export function costSection({ cost }: Analysis): Html {
  const { currency, monthlyBefore, monthlyAfter, monthlyDelta, range, coverage, unpriced, resources, sheetDate } = cost;
  const changing = resources.filter(({ delta }) => delta !== 0);
  return html`<section class="card" aria-labelledby="cost">
<h2 id="cost">Cost</h2>
<p class="quiet">Estimated list prices in ${currency} per month, from a price sheet of ${sheetDate}; ${Math.round(coverage)} % of the resources have a price.</p>
<div class="scroll" tabindex="0" role="group" aria-label="Cost per month"><table>
<thead><tr><th scope="col">Resource</th><th scope="col" class="number">Before</th><th scope="col" class="number">After</th><th scope="col" class="number">Difference</th></tr></thead>
<tbody>
${changing.slice(0, MOST_DETAILED).map(
  ({ address, before, after, delta }) => html`<tr><th scope="row"><code><bdi>${address}</bdi></code></th>
<td class="number">${money(before, currency)}</td><td class="number">${money(after, currency)}</td><td class="number">${difference(delta, currency)}</td></tr>`,
)}
<tr><th scope="row">The whole environment</th><td class="number">${money(monthlyBefore, currency)}</td><td class="number">${money(monthlyAfter, currency)}</td><td class="number"><strong>${difference(monthlyDelta, currency)}</strong></td></tr>
</tbody>
</table></div>
<p class="quiet">Depending on use the difference may be between ${difference(range.delta.low, currency)} and ${difference(range.delta.high, currency)}.</p>
${unpriced.length > 0 && html`<details><summary>${counted(unpriced.length, 'resource')} without a price</summary><ul>${unpriced.slice(0, MOST_LISTED).map((address) => html`<li><code><bdi>${address}</bdi></code></li>`)}</ul></details>`}
</section>`;
}

/** What safeguards, checks and drift say; nothing when they have nothing to say. */
export function safeguardsSection({
  safeguards,
  checks,
  drift,
  deferred,
  invocations,
  notices,
  complete,
}: Analysis): Html | undefined {
  const failing = checks.filter(({ status }) => status === 'fail' || status === 'error');
  const points = [
    ...(complete ? [] : [html`The plan covers only a part of the configuration.`]),
    ...safeguards.violations.map(
      ({ address, why, liftedBy }) =>
        html`<code><bdi>${address}</bdi></code> ${why}${liftedBy && html`: <strong>staff lifted this protection for this once</strong>`}`,
    ),
    ...failing.map(
      ({ address, problems }) => html`Check <code><bdi>${address}</bdi></code> fails: ${problems.join('; ')}`,
    ),
    ...drift.map(
      ({ address, what, attributes }) =>
        html`<code><bdi>${address}</bdi></code> was ${what} outside of Terraform${attributes.length > 0 && ` (${attributes.join(', ')})`}`,
    ),
    ...deferred.map(({ address, reason }) => html`<code><bdi>${address}</bdi></code> is put off: ${reason}`),
    ...invocations.map((address) => html`Runs the action <code><bdi>${address}</bdi></code>`),
    ...notices.map((notice) => html`${capitalized(notice)}`),
  ];
  if (points.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="safeguards">
<h2 id="safeguards">Worth knowing</h2>
<ul>${points.slice(0, MOST_LISTED).map((point) => html`<li>${point}</li>`)}</ul>
</section>`;
}

/** Whether production becomes what staging is: only as far as it does has staging shown anything about it. */
export function paritySection({ staging, production, same, modules, variables, arguments: passed }: ParityView): Html {
  const sides = [
    {
      name: staging,
      names: variables.onlyInStage,
      passed: passed.map(({ call, onlyInStage }) => ({ call, names: onlyInStage })),
    },
    {
      name: production,
      names: variables.onlyInProduction,
      passed: passed.map(({ call, onlyInProduction }) => ({ call, names: onlyInProduction })),
    },
  ];
  const codes = (names: readonly string[]) =>
    names.slice(0, MOST_ATTRIBUTES).map((name, index) => html`${index > 0 && ', '}<code><bdi>${name}</bdi></code>`);
  return html`<section class="card" aria-labelledby="parity">
<h2 id="parity">Compared with ${staging}</h2>
${same ? html`<p>The same modules in the same versions, with the same variables.</p>` : html`<p>What ${staging} runs is not in all what ${production} will run:</p>`}
${
  modules.length > 0 &&
  html`<div class="scroll" tabindex="0" role="group" aria-label="Module versions that differ"><table>
<thead><tr><th scope="col">Module</th><th scope="col">${staging}</th><th scope="col">${production}</th></tr></thead>
<tbody>${modules.slice(0, MOST_DETAILED).map(({ call, stage, production: other }) => html`<tr><th scope="row"><code><bdi>${call}</bdi></code></th><td>${moduleVersion(stage)}</td><td>${moduleVersion(other)}</td></tr>`)}</tbody>
</table></div>`
}
${sides.map(({ name, names, passed: calls }) => [
  names.length > 0 && html`<p>Variables only in ${name}: ${codes(names)}</p>`,
  calls.map(
    ({ call, names: given }) =>
      given.length > 0 && html`<p>Passed to <code><bdi>${call}</bdi></code> only in ${name}: ${codes(given)}</p>`,
  ),
])}
</section>`;
}

const moduleVersion = (module: { source: string; version: string } | null): Html =>
  module
    ? html`<code><bdi>${module.version}</bdi></code> <span class="detail quiet"><bdi>${module.source}</bdi></span>`
    : html`<span class="quiet">not there</span>`;
