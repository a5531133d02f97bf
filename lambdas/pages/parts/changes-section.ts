import type { Analysis } from '../../domain/plan/analysis.ts';
import { counted } from '../../domain/plan/wording.ts';
import { type Html, html } from './html.ts';
import { MOST_ATTRIBUTES, MOST_DETAILED, MOST_LISTED } from './limits.ts';
import { addressList, addressOf, codes, valueShown } from './names-and-values.ts';
import { REASON_IN_WORDS } from './words.ts';

type Resource = Analysis['resources'][number];
type Attribute = Resource['attributes'][number];

/** The most resources of a plan in which every resource is shown with its attributes. */
const FEW = 8;

interface Group {
  readonly heading: (count: number) => string;
  readonly sign: string;
  readonly tone: 'add' | 'change' | 'remove' | 'quiet';
  readonly holds: (resource: Resource) => boolean;
  /** Whether the attributes say what a reviewer has to know. The full list of a deleted or new resource does not. */
  readonly isTold: boolean;
}

/** Groups of resources by what happens to them, the most dangerous group first. */
const GROUPS: readonly Group[] = [
  {
    heading: (count) => `${counted(count, 'resource')} will be destroyed`,
    sign: '−',
    tone: 'remove',
    isTold: false,
    holds: ({ kind }) => kind === 'delete',
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be replaced: destroyed and created again`,
    sign: '±',
    tone: 'remove',
    isTold: true,
    holds: ({ kind }) => kind === 'replace',
  },
  {
    heading: (count) => `${counted(count, 'resource')} with actions this version does not know`,
    sign: '?',
    tone: 'remove',
    isTold: true,
    holds: ({ kind }) => kind === 'unknown',
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be changed`,
    sign: '~',
    tone: 'change',
    isTold: true,
    holds: ({ kind }) => kind === 'update',
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be created`,
    sign: '+',
    tone: 'add',
    isTold: false,
    holds: ({ kind }) => kind === 'create',
  },
  {
    heading: (count) => `${counted(count, 'resource')} will be imported, moved, read or forgotten`,
    sign: '→',
    tone: 'quiet',
    isTold: false,
    holds: ({ kind }) => ['no-op', 'forget', 'read'].includes(kind),
  },
];

/** Shows the resources grouped by what happens to them, with their attributes before and after. */
export function changesSection(analysis: Analysis): Html {
  const isSmall = analysis.resources.length <= FEW;
  let detailed = 0;
  const groups = GROUPS.map((group) => {
    const resources = analysis.resources.filter(group.holds);
    if (resources.length === 0) return undefined;
    const room = Math.max(0, MOST_DETAILED - detailed);
    detailed += Math.min(room, resources.length);
    const isOpen = group.isTold && (isSmall || group.tone === 'remove');
    return html`<h3 class="group">${signOf(group)} ${group.heading(resources.length)}</h3>
${resources.slice(0, room).map((resource) => resourceDetails(resource, group, isOpen))}
${listedOnly(resources.slice(room))}`;
  });
  return html`<section class="card" aria-labelledby="changes">
<h2 id="changes">What changes</h2>
${analysis.resources.length === 0 && html`<p>No resource changes.</p>`}
${groups}
${outputs(analysis.outputs)}
</section>`;
}

const signOf = ({ sign, tone }: Pick<Group, 'sign' | 'tone'>): Html =>
  html`<span class="sign ${tone}" aria-hidden="true">${sign}</span>`;

function resourceDetails(resource: Resource, { tone }: Group, isOpen: boolean): Html {
  const { address, kind, reason, attributes, moreAttributes, stateful, deposed, previousAddress, importId } = resource;
  // Values of a new object that are known only later are not worth a row. Those of an existing object are.
  const isLater = ({ unknown, forcesReplacement }: Attribute) =>
    unknown && !forcesReplacement && (kind === 'create' || kind === 'replace');
  const later = attributes.filter(isLater).slice(0, MOST_ATTRIBUTES);
  const told = attributes.filter((attribute) => !isLater(attribute));
  const shown = told.slice(0, MOST_ATTRIBUTES);
  const asides = [
    ...(reason === null ? [] : [REASON_IN_WORDS[reason] ?? reason]),
    ...(deposed === undefined ? [] : [`deposed object ${deposed}`]),
  ];
  const hasTwoSides = kind !== 'create' && kind !== 'delete';
  const more = moreAttributes + attributes.length - shown.length - later.length;
  return html`<details class="resource"${isOpen && html` open`}>
<summary><span><code><bdi>${addressOf(address)}</bdi></code>${stateful && tone === 'remove' && html` <span class="tag">holds data</span>`}${asides.length > 0 && html` <span class="quiet small">${asides.join(', ')}</span>`}</span></summary>
<div class="inside">
${previousAddress && html`<p>Moved from <code><bdi>${previousAddress}</bdi></code></p>`}
${importId && html`<p>Imported: <code><bdi>${importId}</bdi></code></p>`}
${shown.length > 0 && html`<dl class="diff">${shown.map((attribute) => attributeRow(attribute, hasTwoSides))}</dl>`}
${later.length > 0 && html`<p class="quiet small">Known only after the apply: ${codes(later.map(({ path }) => path))}</p>`}
${more > 0 && html`<p class="quiet small">${counted(more, 'further attribute')} not shown.</p>`}
</div>
</details>`;
}

function attributeRow(attribute: Attribute, hasTwoSides: boolean): Html {
  const { path, before, after, sensitive, unknown, forcesReplacement } = attribute;
  const name = html`<dt><code><bdi>${path}</bdi></code>${forcesReplacement && html` <span class="tag">forces replacement</span>`}</dt>`;
  if (sensitive && !unknown && JSON.stringify(before) === JSON.stringify(after))
    return html`<div>${name}<dd class="only quiet">changes; sensitive, therefore not shown</dd></div>`;
  const was = html`<span class="sr">before: </span>${valueShown(before)}`;
  const becomes = html`<span class="sr">after: </span>${unknown ? html`<em class="quiet">known after the apply</em>` : valueShown(after)}`;
  if (hasTwoSides)
    return html`<div>${name}<dd class="was">${was}</dd><dd class="arrow" aria-hidden="true">→</dd><dd class="becomes">${becomes}</dd></div>`;
  const isGone = after === undefined && !unknown;
  return html`<div>${name}<dd class="only ${isGone ? 'was' : 'becomes'}">${isGone ? was : becomes}</dd></div>`;
}

function listedOnly(resources: readonly Resource[]): Html | undefined {
  if (resources.length === 0) return undefined;
  const rest = resources.length - MOST_LISTED;
  return html`${addressList(resources.slice(0, MOST_LISTED).map(({ address }) => address))}
${rest > 0 && html`<p><strong>And ${rest} more, which do not fit on this page.</strong></p>`}`;
}

function outputs(changing: Analysis['outputs']): Html | undefined {
  if (changing.length === 0) return undefined;
  return html`<h3 class="group">${signOf({ sign: '~', tone: 'quiet' })} ${counted(changing.length, 'output')} will change</h3>
<dl class="diff">${changing.slice(0, MOST_DETAILED).map(({ name, actions, before, after, sensitive, unknown }) =>
    attributeRow(
      {
        path: name,
        before,
        after,
        ...(sensitive && { sensitive: true as const }),
        ...(unknown && { unknown: true as const }),
      },
      actions.includes('update'),
    ),
  )}</dl>`;
}
