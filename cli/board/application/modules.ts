import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { Deployment, Environment } from '../../deployment/deployments.ts';
import { short } from '../../output/words.ts';

type Module = NonNullable<Environment['deployed']>['modules'][number];
type Proof = Deployment['proof'];

/** More modules are behind a fold. */
const MOST = 5;

/** Shows which version of each module runs, and whether it had run before it was deployed here. */
export function modules(running: readonly Module[], proof: Proof, isFirst: boolean): Html {
  const items = running.map(({ call, version }) => {
    const said = standingOf(call, proof);
    return html`<li><code><bdi>${call.replace(/^module\./, '')}</bdi></code> <bdi>${versionOf(version)}</bdi>${said && html` <span class="${said.tone} small">${said.words}</span>`}</li>`;
  });
  const rest = items.slice(MOST);
  return html`<ul>${items.slice(0, MOST)}</ul>${rest.length > 0 && html`<details><summary>${counted(rest.length, 'more module')}</summary><ul>${rest}</ul></details>`}
${isFirst && !proof && html`<span class="quiet small">proven by running here</span>`}${proof && !isAllProven(proof) && html`<span class="quiet small">${proof.proven} of ${proof.of} proven</span>`}`;
}

/** A version as people name it: a whole commit id is cut as git cuts it. */
const versionOf = (version: string): string => (/^[0-9a-f]{40}$/.test(version) ? short(version) : version);

/** Whether a module had run before: undefined if that is not certain. */
function standingOf(call: string, proof: Proof): { readonly tone: string; readonly words: string } | undefined {
  if (!proof) return undefined;
  const isNamed = (each: { readonly call?: string }) => each.call === call;
  if (proof.lifted.some(isNamed)) return { tone: 'change', words: 'lifted by staff' };
  if (proof.unproven.some(isNamed)) return { tone: 'remove', words: 'not proven' };
  if (proof.exempt.includes(call)) return { tone: 'quiet', words: 'exempt' };
  return isAllProven(proof) ? { tone: 'add', words: '✓ proven' } : undefined;
}

/** A headline names only one call of each module that is not proven, so others are certain only if all are proven. */
const isAllProven = ({ of, proven, notes, exemptCount }: NonNullable<Proof>): boolean =>
  of > 0 && proven === of && exemptCount === 0 && notes.length === 0;
