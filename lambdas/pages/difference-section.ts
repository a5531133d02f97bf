import type { PlanDifference, ResourceDifference } from '../domain/plan/compare-plans.ts';
import { type Html, html } from './html.ts';
import { valueShown } from './plan-sections.ts';
import { counted, difference as moneyDifference } from './words.ts';

/** Differences a page can hold; further ones are counted. */
const MOST_RESOURCES = 100;
const MOST_ATTRIBUTES = 20;

const VERBS: Readonly<Record<string, string>> = {
  create: 'create',
  update: 'change',
  delete: 'destroy',
  replace: 'replace',
  read: 'read',
  forget: 'forget',
};
const verb = (kind: string | undefined): string => (kind === undefined ? 'leave alone' : (VERBS[kind] ?? kind));

/** What the plan as it is now does otherwise than the one that was shown before. */
export function differenceSection(difference: PlanDifference): Html {
  const { resources, outputs, monthlyCost, blastRadius, isHidden } = difference;
  const { currency, before, now } = monthlyCost;
  const isSame = resources.length === 0 && outputs.length === 0 && !isHidden;
  return html`<section class="card" aria-labelledby="difference">
<h2 id="difference">What differs from the plan before</h2>
${isSame && html`<p>Nothing: it would do the same.</p>`}
${isHidden && html`<p>The two plans do not do the same; what differs is sensitive and not shown.</p>`}
${resources.slice(0, MOST_RESOURCES).map(resourceDifference)}
${resources.length > MOST_RESOURCES && html`<p class="quiet">${counted(resources.length - MOST_RESOURCES, 'further resource')} not shown.</p>`}
${outputs.length > 0 && html`<p>Outputs that come out otherwise: ${outputs.map((name, index) => html`${index > 0 && ', '}<code>${name}</code>`)}.</p>`}
${before !== now && html`<p>Cost per month: ${moneyDifference(before, currency)} before, ${moneyDifference(now, currency)} now.</p>`}
${blastRadius.before !== blastRadius.now && html`<p>Blast radius: ${blastRadius.before} before, ${blastRadius.now} now.</p>`}
</section>`;
}

function resourceDifference({ address, deposed, before, now, attributes }: ResourceDifference): Html {
  const what = before === now ? verb(now) : `${verb(before)} before, ${verb(now)} now`;
  const more = attributes.length - MOST_ATTRIBUTES;
  return html`<div class="resource"><p><code><bdi>${address}</bdi></code>${deposed && html` <span class="quiet">deposed object ${deposed}</span>`}: ${what}</p>
${
  attributes.length > 0 &&
  html`<div class="scroll" tabindex="0" role="group" aria-label="Differences of ${address}"><table>
<thead><tr><th scope="col">Attribute</th><th scope="col">Planned before</th><th scope="col">Planned now</th></tr></thead>
<tbody>${attributes
    .slice(0, MOST_ATTRIBUTES)
    .map(
      ({ path, before: was, now: is }) =>
        html`<tr><th scope="row"><code><bdi>${path}</bdi></code></th><td>${planned(was)}</td><td>${planned(is)}</td></tr>`,
    )}</tbody>
</table></div>`
}
${more > 0 && html`<p class="quiet">${counted(more, 'further attribute')} not shown.</p>`}</div>`;
}

type PlannedAttribute = ResourceDifference['attributes'][number]['before'];

function planned(attribute: PlannedAttribute): Html {
  if (!attribute) return html`<span class="quiet">stays as it is</span>`;
  return attribute.unknown ? html`<em class="quiet">known after the apply</em>` : valueShown(attribute.after);
}
