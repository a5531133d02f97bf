import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { Deployment, Environment } from '../../deployment/deployments.ts';

type Module = NonNullable<Environment['deployed']>['modules'][number];
type Proof = Deployment['proof'];

/** More modules are behind a fold. */
const MOST = 5;

/** Shows which version of each module runs, and whether it had run before it was deployed here. */
export function modules(running: readonly Module[], proof: Proof, isFirst: boolean): Html {
  const items = running.map(({ call, version }) => {
    const said = standingOf(call, proof);
    return html`<li><code><bdi>${call.replace(/^module\./, '')}</bdi></code> <bdi>${version}</bdi>${said && html` <span class="${said.tone} small">${said.words}</span>`}</li>`;
  });
  const rest = items.slice(MOST);
  return html`<ul>${items.slice(0, MOST)}</ul>${rest.length > 0 && html`<details><summary>${counted(rest.length, 'more module')}</summary><ul>${rest}</ul></details>`}
${isFirst && !proof && html`<span class="quiet small">proven by running here</span>`}`;
}

/** Whether a module had run before: undefined if nobody judged it. */
function standingOf(call: string, proof: Proof): { readonly tone: string; readonly words: string } | undefined {
  if (!proof) return undefined;
  const isNamed = (each: { readonly call?: string; readonly text: string }) =>
    each.call === call || each.text.startsWith(`${call} `);
  if (proof.lifted.some(isNamed)) return { tone: 'change', words: 'lifted by staff' };
  if (proof.unproven.some(isNamed)) return { tone: 'remove', words: 'not proven' };
  if (proof.exempt.includes(call)) return { tone: 'quiet', words: 'exempt' };
  // The API names a few of those that are not proven. If it has named all, the others are.
  const isWhole = proof.unproven.length + proof.lifted.length === proof.unprovenCount + proof.liftedCount;
  return isWhole ? { tone: 'add', words: '✓ proven' } : undefined;
}
