import type { ParityView } from '../../domain/plan/parity.ts';
import { COMPARABLE } from '../../domain/plan/parity.ts';
import { listed } from '../../domain/plan/wording.ts';
import { type Html, html } from './html.ts';
import { MOST_ATTRIBUTES, MOST_DETAILED } from './limits.ts';
import { codes } from './names-and-values.ts';

/** What environments are compared by, in words. */
const IN_WORDS: Readonly<Record<(typeof COMPARABLE)[number], string>> = {
  modules: 'modules with their sources and versions',
  arguments: 'names of their arguments',
  variables: 'names of the root variables',
  resources: 'resources outside of modules by type and name',
};

/** Shows how production differs from staging: where the two differ, staging has shown nothing about production. */
export function paritySection(parity: ParityView, of: 'plan' | 'deployed' = 'plan'): Html {
  const { staging, production, same, compared } = parity;
  const inWords = (parts: readonly (typeof COMPARABLE)[number][]) =>
    listed(
      parts.map((part) => IN_WORDS[part]),
      9,
    );
  const others = COMPARABLE.filter((part) => !compared.includes(part));
  // A page can show several production environments.
  const id = of === 'plan' ? 'parity' : `parity-${production}`;
  const then = of === 'plan' ? `${production} becomes` : `${production} runs`;
  return html`<section class="card" aria-labelledby="${id}">
<h2 id="${id}">${of === 'deployed' && `${production} `}${of === 'plan' ? 'Compared' : 'compared'} with ${staging}</h2>
${same ? html`<p>No difference in what was compared.</p>` : html`<p>${staging}, where releases are tried out, differs from what ${then}:</p>`}
${moduleTable(parity, then)}
${nameList(parity)}
<p class="quiet small">Compared: ${inWords(compared)}. Values are not compared.${others.length > 0 && ` Not compared, because it is not recorded for one of the two: ${inWords(others)}.`}</p>
</section>`;
}

function moduleTable({ staging, modules }: ParityView, then: string): Html | undefined {
  if (modules.length === 0) return undefined;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Module versions that differ"><table>
<thead><tr><th scope="col">Module</th><th scope="col">${staging} runs</th><th scope="col">${then}</th></tr></thead>
<tbody>${modules.slice(0, MOST_DETAILED).map(({ call, stage, production: other }) => html`<tr><th scope="row"><code><bdi>${call}</bdi></code></th><td>${moduleVersion(stage)}</td><td>${moduleVersion(other)}</td></tr>`)}</tbody>
</table></div>${more(modules)}`;
}

const moduleVersion = (module: { source: string; version: string } | null): Html =>
  module
    ? html`<code><bdi>${module.version}</bdi></code> <span class="detail quiet small"><bdi>${module.source}</bdi></span>`
    : html`<span class="quiet">not there</span>`;

/** Lists what stands in one of the two only. */
function nameList({ staging, production, resources, variables, arguments: passed }: ParityView): Html | undefined {
  const items = [
    ...(resources ? [{ what: html`Resources outside of modules`, ...resources }] : []),
    { what: html`Variables`, ...variables },
    ...passed
      .slice(0, MOST_DETAILED)
      .map((difference) => ({ what: html`Passed to <code><bdi>${difference.call}</bdi></code>`, ...difference })),
  ].flatMap(({ what, onlyInStage, onlyInProduction }) => [
    ...only(what, staging, onlyInStage),
    ...only(what, production, onlyInProduction),
  ]);
  if (items.length === 0) return undefined;
  return html`<ul>${items}</ul>${more(passed)}`;
}

const only = (what: Html, where: string, names: readonly string[]): Html[] =>
  names.length === 0
    ? []
    : [
        html`<li>${what} only in ${where}: ${codes(names.slice(0, MOST_ATTRIBUTES))}${names.length > MOST_ATTRIBUTES && ` and ${names.length - MOST_ATTRIBUTES} more`}</li>`,
      ];

/** Says how many entries do not fit on the page. */
const more = (entries: readonly unknown[]): Html | undefined =>
  entries.length > MOST_DETAILED
    ? html`<p class="quiet small">And ${entries.length - MOST_DETAILED} more, which do not fit on this page.</p>`
    : undefined;
