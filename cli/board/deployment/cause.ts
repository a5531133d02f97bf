import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { addressOf } from '../../../lambdas/pages/parts/names-and-values.ts';
import type { Deployment } from '../../deployment/deployments.ts';

type Diagnostic = NonNullable<NonNullable<Deployment['error']>['diagnostics']>[number];

const APPLIED: Readonly<Record<NonNullable<Deployment['applied']>, string>> = {
  no: 'Nothing was changed.',
  partly: 'A part of the plan was applied. The next deployment plans what is left.',
  yes: 'The plan was applied.',
  unknown: 'Nobody knows how much of the plan was applied. The next plan shows it.',
};

/** Shows why a deployment ended without success: the cause first, then what was changed, and where to look. */
export function causeSection(deployment: Deployment): Html | undefined {
  const { status, error, applied, safeguards, gates, links } = deployment;
  const violations = status === 'blocked' ? (safeguards?.violations ?? []) : [];
  const rejections = gates.flatMap(({ rejections: said }) => said);
  if (!error && violations.length === 0 && rejections.length === 0) return undefined;
  const tone = status === 'failed' || status === 'rejected' ? 'bad' : 'warn';
  return html`<section class="banner cause ${tone}" aria-labelledby="cause">
<h2 id="cause">${HEADINGS[status] ?? 'Why it ended'}</h2>
${error && html`<p><bdi>${error.message}</bdi></p>`}
${rejections.map(({ by, comment }) => html`<p><bdi>${by}</bdi> said no.</p>${comment !== undefined && html`<blockquote><bdi>${comment}</bdi></blockquote>`}`)}
${violations.length > 0 && html`<ul>${violations.map(({ address, why, liftable }) => html`<li><code><bdi>${addressOf(address)}</bdi></code> ${why}${liftable && html` <span class="quiet small">(staff can lift this for one use)</span>`}</li>`)}</ul>`}
${(error?.diagnostics ?? []).map(diagnosticOf)}
${applied !== undefined && html`<p><strong>${APPLIED[applied]}</strong></p>`}
${(links.execution !== undefined || links.logs !== undefined) && html`<p class="small">${error?.state !== undefined && html`It happened in the state <code>${error.state}</code>. `}${links.logs !== undefined && html`<a href="${links.logs}">Logs of the builds</a> `}${links.execution !== undefined && html`<a href="${links.execution}">The execution</a>`}</p>`}
</section>`;
}

const HEADINGS: Partial<Record<Deployment['status'], string>> = {
  failed: 'Why it failed',
  blocked: 'Why it was blocked',
  rejected: 'Why it was rejected',
  expired: 'Why it expired',
};

function diagnosticOf({ severity, summary, detail, address, file, line }: Diagnostic): Html {
  const where = [address, file !== undefined && `${file}${line === undefined ? '' : `:${line}`}`].filter(
    (part) => part !== undefined && part !== false,
  );
  return html`<h3>${severity === 'error' ? '' : `${severity}: `}<bdi>${summary}</bdi></h3>
${where.length > 0 && html`<p class="small"><code><bdi>${where.join(', ')}</bdi></code></p>`}${detail !== undefined && detail !== '' && html`<pre>${detail}</pre>`}`;
}
