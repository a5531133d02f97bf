import type { ModuleDifference, PlanDifference, ResourceDifference } from '../../domain/plan/compare-plans.ts';
import { counted } from '../../domain/plan/wording.ts';
import { type Html, html } from './html.ts';
import { MOST_ATTRIBUTES, MOST_DETAILED } from './limits.ts';
import { addressOf, codes, valueShown } from './names-and-values.ts';
import { difference as moneyDifference } from './words.ts';

const DONE: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'changed',
  delete: 'destroyed',
  replace: 'replaced',
  read: 'read',
  forget: 'forgotten',
};
const done = (kind: string | undefined): string => (kind === undefined ? 'left alone' : (DONE[kind] ?? kind));

/** Shows how the current plan differs from the one that was shown before. */
export function differenceSection(difference: PlanDifference): Html {
  const { resources, outputs, modules, monthlyCost, blastRadius, isHidden } = difference;
  const { currency, before, now } = monthlyCost;
  const isSame = !isHidden && [resources, outputs, modules].every((all) => all.length === 0);
  return html`<section class="card" aria-labelledby="difference">
<h2 id="difference">What differs from the earlier plan</h2>
${isSame && html`<p>Nothing: it would do the same.</p>`}
${isHidden && html`<p>The two plans do not do the same; what differs is sensitive and not shown, is in the files that are applied with them, or is what is let in without having run before (see below).</p>`}
${modules.length > 0 && html`<p>Modules with other content:</p><ul>${modules.slice(0, MOST_DETAILED).map(moduleDifference)}</ul>`}
${modules.length > MOST_DETAILED && html`<p class="quiet small">${counted(modules.length - MOST_DETAILED, 'further module')} not shown.</p>`}
${resources.slice(0, MOST_DETAILED).map(resourceDifference)}
${resources.length > MOST_DETAILED && html`<p class="quiet small">${counted(resources.length - MOST_DETAILED, 'further resource')} not shown.</p>`}
${outputs.length > 0 && html`<p>Outputs with other values: ${codes(outputs.slice(0, MOST_DETAILED))}.</p>`}
${before !== now && html`<p>Cost per month: ${moneyDifference(before, currency)} before, ${moneyDifference(now, currency)} now.</p>`}
${blastRadius.before !== blastRadius.now && html`<p>Blast radius: ${blastRadius.before} before, ${blastRadius.now} now.</p>`}
</section>`;
}

function resourceDifference({ address, deposed, before, now, attributes }: ResourceDifference): Html {
  const what =
    before === now
      ? `would be ${done(now)} as before, but differently`
      : `would have been ${done(before)}, would now be ${done(now)}`;
  // Values of a replacement that are known only later are not worth a row.
  const isLater = ({ before: was, now: is }: AttributeDifference) => was === undefined && is?.unknown === true;
  const told = attributes.filter((attribute) => !isLater(attribute));
  const later = attributes.filter(isLater).slice(0, MOST_ATTRIBUTES);
  const more = attributes.length - later.length - Math.min(told.length, MOST_ATTRIBUTES);
  return html`<div class="resource differing"><p><code><bdi>${addressOf(address)}</bdi></code>${deposed && html` <span class="quiet small">deposed object ${deposed}</span>`} ${what}</p>
${told.length > 0 && html`<dl class="diff">${told.slice(0, MOST_ATTRIBUTES).map(attributeDifference)}</dl>`}
${later.length > 0 && html`<p class="quiet small">Now known only after the apply: ${codes(later.map(({ path }) => path))}</p>`}
${more > 0 && html`<p class="quiet small">${counted(more, 'further attribute')} not shown.</p>`}</div>`;
}

const moduleDifference = ({ call, before, now }: ModuleDifference): Html =>
  html`<li><code><bdi>${call}</bdi></code> was ${running(before)}, is now ${running(now)}${hasMoved({ before, now }) && ': the same version of the same source, which has moved'}</li>`;

/** Returns whether source and version are the same, and the content is not. */
const hasMoved = ({ before, now }: Pick<ModuleDifference, 'before' | 'now'>): boolean =>
  before?.source === now?.source && before?.version === now?.version;

/** Names a module by version and the first digits of its identity. */
function running(module: ModuleDifference['now']): Html {
  if (!module) return html`<span class="quiet">not there</span>`;
  const { version, identity, source } = module;
  return html`<code><bdi>${version}</bdi></code> ${identity === undefined ? '(content not known)' : html`(${identity.slice(0, 12)}…)`} <span class="quiet small"><bdi>${source}</bdi></span>`;
}

type AttributeDifference = ResourceDifference['attributes'][number];

const attributeDifference = ({ path, before, now }: AttributeDifference): Html =>
  html`<div><dt><code><bdi>${path}</bdi></code></dt><dd class="was"><span class="sr">planned before: </span>${planned(before)}</dd><dd class="arrow" aria-hidden="true">→</dd><dd class="becomes"><span class="sr">planned now: </span>${planned(now)}</dd></div>`;

function planned(attribute: AttributeDifference['before']): Html {
  if (!attribute) return html`<span class="quiet">no change</span>`;
  return attribute.unknown ? html`<em class="quiet">known after the apply</em>` : valueShown(attribute.after);
}
