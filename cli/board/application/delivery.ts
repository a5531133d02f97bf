import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { since } from '../../output/words.ts';
import type { Scene } from '../frame/scene.ts';
import { ago } from '../frame/small-parts.ts';
import type { ApplicationNow } from '../reading/read-application.ts';

/** Shows how the application delivers: the four figures of DORA, and the days that they are made of. */
export function deliverySection(
  scene: Scene,
  { pipeline: { delivery, deliveryByDay } }: ApplicationNow,
): Html | undefined {
  const { environments, last30Days: now, last90Days: longer, failing, isComplete } = delivery;
  if (environments.length === 0) return undefined;
  const figure = (label: string, value: Html | string, detail: string) =>
    html`<div><dt>${label}</dt><dd class="value">${value}</dd><dd class="detail">${detail}</dd></div>`;
  return html`<section aria-labelledby="delivery">
<h2 id="delivery">Delivery to production in 30 days</h2>
<dl class="figures four">
${figure('Deployments', String(now.deployments), `${longer.deployments} in 90 days`)}
${figure('Lead time', duration(now.leadTimeSeconds), `${duration(longer.leadTimeSeconds)} in 90 days`)}
${figure('Changes that failed', share(now.changeFailureRate), `${now.failedChanges} failed or rolled back`)}
${figure('Time to restore', duration(now.timeToRestoreSeconds), `${counted(now.restores, 'failure')} repaired`)}
</dl>
${failing.map(({ environment, since: at }) => html`<p><span class="pill bad">failing</span> ${environment} since ${ago(scene, at)} ago; the next success there repairs it.</p>`)}
${!isComplete && html`<p class="quiet small">What ended before the last update is not counted yet.</p>`}
${sparkline(deliveryByDay)}
</section>`;
}

const share = (rate: number | null): string => (rate === null ? '–' : `${Math.round(rate * 100)} %`);

/** A duration in the largest unit that says enough. */
const duration = (seconds: number | null | undefined): string =>
  seconds === null || seconds === undefined ? '–' : since(new Date(0).toISOString(), new Date(seconds * 1000));

type Day = ApplicationNow['pipeline']['deliveryByDay'][number];

const HEIGHT = 56;
const STEP = 14;
const BAR = 10;
/** Even the shortest lead time is seen. */
const LEAST = 3;

/** Draws a bar for each day on which production was deployed to or a change failed, as tall as its lead time, and a cross where a change failed. */
function sparkline(days: readonly Day[]): Html | undefined {
  if (days.length === 0) return undefined;
  const known = days.flatMap(({ leadTimeSeconds }) => leadTimeSeconds ?? []);
  const longest = Math.max(...known, 1);
  const failed = days.reduce((sum, { failedChanges }) => sum + failedChanges, 0);
  const width = days.length * STEP;
  const range =
    known.length === 0 ? 'no lead time' : `lead times from ${duration(Math.min(...known))} to ${duration(longest)}`;
  const told = `${counted(days.length, 'day')} of the last 90 on which production was deployed to or a change failed, oldest first: ${range}; ${counted(failed, 'change')} failed.`;
  const bars = days.map(({ day, deployments, leadTimeSeconds, failedChanges }, at) => {
    const height = leadTimeSeconds === null ? LEAST : Math.max(LEAST, (leadTimeSeconds / longest) * HEIGHT);
    const x = at * STEP + (STEP - BAR) / 2;
    const says = `${day}: ${counted(deployments, 'deployment')}, lead time ${duration(leadTimeSeconds)}, ${failedChanges} failed`;
    return html`<g><title>${says}</title><rect class="bar${leadTimeSeconds === null && ' none'}" x="${x}" y="${(HEIGHT - height).toFixed(1)}" width="${BAR}" height="${height.toFixed(1)}" rx="2"/>${failedChanges > 0 && html`<path class="fail" d="M${x + BAR / 2 - 4} ${HEIGHT + 6}l8 8m0-8l-8 8" stroke-width="2.2"/>`}</g>`;
  });
  return html`<div class="card chart"><svg class="spark" role="img" aria-label="${told}" width="${width}" height="${HEIGHT + 16}" viewBox="0 0 ${width} ${HEIGHT + 16}">${bars}<path class="base" d="M0 ${HEIGHT + 1}H${width}"/></svg>
<p class="quiet small">${told}</p></div>`;
}
