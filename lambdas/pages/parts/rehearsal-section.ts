import { rehearsalInWords } from '../../domain/approval/rehearsal-in-words.ts';
import type { Rehearsal, RehearsalAction } from '../../domain/plan/rehearsal/rehearsal-schema.ts';
import { type Html, html } from './html.ts';
import { addressOf } from './names-and-values.ts';

/** Shows which changes of the plan were not made before in the environment before; those that destroy come first. */
export function rehearsalSection(rehearsal: Rehearsal): Html {
  const { environment, unrehearsed, moreUnrehearsed, noted, moreNoted } = rehearsal;
  return html`<section class="card" aria-labelledby="rehearsal">
<h2 id="rehearsal">Rehearsed in ${environment}</h2>
<p>When the plan was made: ${rehearsalInWords(rehearsal)}.</p>
${
  unrehearsed.length > 0 &&
  html`<p>Not rehearsed:</p>
<ul>${unrehearsed.map(({ address, action, why }) => entry(address, ACTION_IN_WORDS[action], why))}</ul>${more(moreUnrehearsed)}`
}
${
  noted.length > 0 &&
  html`<details><summary>Rehearsed, with a note</summary>
<ul>${noted.map(({ address, action, note }) => entry(address, ACTION_IN_WORDS[action], note))}</ul>${more(moreNoted)}</details>`
}
<p class="quiet small">Rehearsed: an earlier apply in ${environment} did the same to the same address. Values are not compared, and nothing is blocked for want of a rehearsal.</p>
</section>`;
}

const ACTION_IN_WORDS: Readonly<Record<RehearsalAction, string>> = {
  delete: 'destroy',
  replace: 'replace',
  'delete-deposed': 'destroy a deposed object',
  'replace-and-forget': 'replace, and leave the old object alone',
  forget: 'forget',
  unknown: 'unknown',
  update: 'change',
  create: 'create',
};

const entry = (address: string, action: string, text: string): Html =>
  html`<li><code><bdi>${addressOf(address)}</bdi></code> <strong>${action}:</strong> ${text}</li>`;

const more = (count: number): Html | false => count > 0 && html`<p class="quiet small">and ${count} more</p>`;
