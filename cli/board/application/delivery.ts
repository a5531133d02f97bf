import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { since } from '../../output/words.ts';
import type { Scene } from '../frame/scene.ts';
import { ago } from '../frame/small-parts.ts';
import type { ApplicationNow } from '../reading/read-application.ts';
import { type Lead, leadTimes } from './lead-times.ts';

/** Shows how the application delivers: the four figures of DORA, and the lead times of the newest releases. */
export function deliverySection(scene: Scene, { delivery, releases }: ApplicationNow): Html | undefined {
  const { environments, last30Days: now, last90Days: before, failing, isComplete } = delivery;
  if (environments.length === 0) return undefined;
  const figure = (label: string, value: Html | string, detail: string) =>
    html`<div><dt>${label}</dt><dd class="value">${value}</dd><dd class="detail">${detail}</dd></div>`;
  return html`<section aria-labelledby="delivery">
<h2 id="delivery">Delivery to production in 30 days</h2>
<dl class="figures four">
${figure('Deployments', String(now.deployments), `${before.deployments} in 90 days`)}
${figure('Lead time', duration(now.leadTimeSeconds), `${duration(before.leadTimeSeconds)} in 90 days`)}
${figure('Changes that failed', share(now.changeFailureRate), `${now.failedChanges} failed or rolled back`)}
${figure('Time to restore', duration(now.timeToRestoreSeconds), `${counted(now.restores, 'failure')} repaired`)}
</dl>
${failing.map(({ environment, since: at }) => html`<p><span class="pill bad">failing</span> ${environment} since ${ago(scene, at)} ago; the next success there repairs it.</p>`)}
${!isComplete && html`<p class="quiet small">What ended before the last update is not counted yet.</p>`}
${sparkline(leadTimes(releases, environments))}
</section>`;
}

const share = (rate: number | null): string => (rate === null ? '–' : `${Math.round(rate * 100)} %`);

/** A duration in the largest unit that says enough. */
const duration = (seconds: number | null | undefined): string =>
  seconds === null || seconds === undefined ? '–' : since(new Date(0).toISOString(), new Date(seconds * 1000));

const HEIGHT = 56;
const STEP = 18;
const BAR = 12;
/** Even the shortest lead time is seen. */
const LEAST = 3;

/** Draws a bar for each release that came to production, as tall as its lead time, and a cross where it failed. */
function sparkline(leads: readonly Lead[]): Html | undefined {
  if (leads.length < 2) return undefined;
  const known = leads.flatMap(({ seconds }) => seconds ?? []);
  const longest = Math.max(...known, 1);
  const failed = leads.filter(({ hasFailed }) => hasFailed).length;
  const width = leads.length * STEP;
  const told = `Lead times of the last ${counted(leads.length, 'release')} in production, oldest first: from ${duration(Math.min(...known, longest))} to ${duration(longest)}; ${failed === 0 ? 'none' : failed} failed there.`;
  const bars = leads.map(({ release, seconds, hasFailed }, at) => {
    const height = seconds === undefined ? HEIGHT : Math.max(LEAST, (seconds / longest) * HEIGHT);
    const x = at * STEP + (STEP - BAR) / 2;
    const says = `release ${release}: ${seconds === undefined ? 'not in production' : duration(seconds)}${hasFailed ? ', failed' : ''}`;
    const middle = x + BAR / 2;
    return html`<g><title>${says}</title><rect class="bar${seconds === undefined && ' none'}" x="${x}" y="${(HEIGHT - height).toFixed(1)}" width="${BAR}" height="${height.toFixed(1)}" rx="2"/>${hasFailed && html`<path class="fail" d="M${middle - 4} ${HEIGHT + 6}l8 8m0-8l-8 8" stroke-width="2.2"/>`}</g>`;
  });
  return html`<div class="card chart"><svg class="spark" role="img" aria-label="${told}" viewBox="0 0 ${width} ${HEIGHT + 16}" preserveAspectRatio="xMinYMax meet">${bars}<path class="base" d="M0 ${HEIGHT + 1}H${width}"/></svg>
<p class="quiet small">${told}</p></div>`;
}
