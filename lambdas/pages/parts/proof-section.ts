import type { Analysis } from '../../domain/plan/analysis.ts';
import type { Unproven } from '../../domain/plan/proof-findings.ts';
import { counted } from '../../domain/plan/wording.ts';
import { type Html, html } from './html.ts';
import { MOST_ATTRIBUTES, MOST_DETAILED } from './limits.ts';
import { codes } from './names-and-values.ts';
import { capitalized } from './words.ts';

type Proof = NonNullable<Analysis['proof']>;

/** Shows what of the plan has run in the environment before, what has not, and what staff has lifted. */
export function proofSection({ proof, modules }: Analysis): Html | undefined {
  if (!proof) return undefined;
  const { previous, unproven, exempt, notes } = proof;
  const outside = modules.filter(({ readsOutside }) => readsOutside).map(({ call }) => call);
  return html`<section class="card" aria-labelledby="proof">
<h2 id="proof">Proven in ${previous} ${pillOf(proof)}</h2>
<p>${summaryOf(proof)}</p>
${unproven.length > 0 && html`<ul>${unproven.slice(0, MOST_DETAILED).map(unprovenItem)}</ul>`}
${unproven.length > MOST_DETAILED && html`<p class="quiet small">${unproven.length - MOST_DETAILED} more not shown.</p>`}
${exempt.length > 0 && html`<p>Not proven, and exempt by the application's policy:</p><ul>${exempt.slice(0, MOST_DETAILED).map(({ call, source }) => html`<li><code><bdi>${call}</bdi></code> <span class="quiet small"><bdi>${source}</bdi></span></li>`)}</ul>`}
${exempt.length > MOST_DETAILED && html`<p class="quiet small">${exempt.length - MOST_DETAILED} more not shown.</p>`}
${notes.length > 0 && html`<ul>${notes.map((note) => html`<li>${note}.</li>`)}</ul>`}
${outside.length > 0 && html`<p>Files outside of its directory are read by ${codes(outside.slice(0, MOST_ATTRIBUTES))}${outside.length > MOST_ATTRIBUTES && ` and ${outside.length - MOST_ATTRIBUTES} more`}. Such files are not compared.</p>`}
<p class="quiet small">Only modules, engine and providers are compared. Values passed to modules, and resources outside of modules, are not.</p>
</section>`;
}

function pillOf({ unproven, exempt, of, proven }: Proof): Html | undefined {
  if (unproven.length > 0 && unproven.every(({ isLifted }) => isLifted))
    return html`<span class="pill warn">lifted</span>`;
  if (unproven.length > 0 || exempt.length > 0 || proven < of) return html`<span class="pill warn">not all</span>`;
  return undefined;
}

/**
 * Says how many modules are proven: those that ran in the environment before, and those that this environment has run
 * itself. Of an environment without a ledger, only names and versions are known; then the engine is not judged.
 */
function summaryOf({ previous, of, proven, engine, unproven, notes }: Proof): string {
  const has = proven === 1 ? 'has' : 'have';
  const where =
    engine === undefined
      ? `${has} run in ${previous} with the same content, or here under the same name and version`
      : `${has} run with the same content in ${previous}, or here already`;
  const isEngineProven = engine !== undefined && !unproven.some(({ kind }) => kind === 'engine');
  const andEngine = isEngineProven ? `, and so has ${engine}` : '';
  if (of === 0) {
    const none = notes.length > 0 ? 'No module could be compared' : 'No module is in use';
    return `${none}.${isEngineProven ? ` ${capitalized(engine)} has run in ${previous}, or here already.` : ''}`;
  }
  if (proven < of) return `${proven} of ${counted(of, 'module')} in use ${where}${andEngine}.`;
  return `${of === 1 ? 'The module' : `The ${of} modules`} in use ${where}${andEngine}.`;
}

const unprovenItem = ({ text, isLifted, reason }: Unproven): Html =>
  html`<li><bdi>${text}</bdi>${isLifted && html`. <strong>Staff lifted the proof of this for one use</strong>${reason !== undefined && html`: <bdi>${reason}</bdi>`}`}</li>`;
