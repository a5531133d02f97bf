import { statedOtherwise } from '../../../lambdas/domain/model/release-words.ts';
import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type CommitInWords, factsSection } from '../../../lambdas/pages/parts/facts-section.ts';
import { approvalsSection, GATE_TONES, type GateInWords } from '../../../lambdas/pages/parts/gates-section.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { paritySection } from '../../../lambdas/pages/parts/parity-section.ts';
import { planReview } from '../../../lambdas/pages/parts/plan-review.ts';
import { keyFigures, lossesSection } from '../../../lambdas/pages/parts/plan-sections.ts';
import { briefly, capitalized, day } from '../../../lambdas/pages/parts/words.ts';
import type { Schemas } from '../../client/api-client.ts';
import type { Deployment } from '../../deployment/deployments.ts';
import { isCancelable, isOpen, whatOf } from '../../deployment/describe-deployment.ts';
import { since } from '../../output/words.ts';
import { cancelPath, type Scene } from '../frame/scene.ts';
import { actionLink, ago, pill, type Standing, skippedNote, who } from '../frame/small-parts.ts';
import type { DeploymentNow } from '../reading/read-deployment.ts';
import { causeSection } from './cause.ts';
import { stages } from './stages.ts';
import { timeline } from './timeline.ts';

/** Shows everything about a deployment; what went wrong comes first. */
export function deploymentPage(scene: Scene, now: DeploymentNow): Html {
  const { deployment, environment, plan, approvers, events, skipped } = now;
  const { status, rehearsal, links, createdAt, requestedBy, cancelRequestedBy } = deployment;
  const open = isOpen(deployment);
  const isProduction = environment.stage === 'production';
  return html`<p class="eyebrow">${pill(isProduction ? 'warn' : 'calm', environment.stage)} deployment ${deployment.number} of ${deployment.environment}</p>
<h1>${capitalized(whatOf(deployment))} ${deployment.operation === 'destroy' ? 'of' : 'in'} <bdi>${deployment.environment}</bdi> ${pill(TONES[status], briefly(deployment))}</h1>
<p class="lede"><strong>${who(requestedBy)}</strong> asked for it ${ago(scene, createdAt)} ago.${cancelRequestedBy && html` <strong>${who(cancelRequestedBy)}</strong> asked to cancel it.`}</p>
${!open && causeSection(deployment)}
${(plan || !open) && html`<dl class="figures">${plan && keyFigures(plan)}<div><dt>The deployment</dt><dd class="value">${briefly(deployment)}</dd><dd class="detail">${tookOf(scene, deployment)}</dd></div></dl>`}
<section class="card" aria-labelledby="stages"><h2 id="stages">${open ? 'Under way' : 'What it went through'}</h2>
${stages(scene, deployment, { stage: environment.stage, approvers })}
<ul class="inline small">${links.execution !== undefined && html`<li><a href="${links.execution}">The execution, state by state</a></li>`}${links.logs !== undefined && html`<li><a href="${links.logs}">Logs of the builds</a></li>`}${isCancelable(deployment) && html`<li>${actionLink(cancelPath(scene, deployment), 'Cancel', { tone: 'bad' })}</li>`}</ul>
</section>
${plan && lossesSection(plan)}
${factsSection({ facts: factsOf(now), commit: commitOf(now) })}
${plan ? planReview(plan, rehearsal) : deployment.planDigest !== null && html`<p class="card">The details of the plan are gone.</p>`}
${plan?.parity && paritySection(plan.parity)}
${approvalsSection(deployment.gates.map(gateInWords))}
${skipped > 0 && skippedNote(skipped)}
${timeline(events)}
${deployment.planDigest !== null && html`<footer><p>Plan <span class="digest">${deployment.planDigest}</span>${(deployment.planRound ?? 1) > 1 && ` (number ${deployment.planRound} of this deployment)`}</p></footer>`}`;
}

const TONES: Readonly<Record<Deployment['status'], Standing>> = {
  queued: 'calm',
  planning: 'calm',
  awaiting_approval: 'warn',
  applying: 'calm',
  succeeded: 'good',
  rejected: 'bad',
  expired: 'warn',
  canceled: 'quiet',
  superseded: 'quiet',
  blocked: 'bad',
  failed: 'bad',
};

function tookOf({ now }: Scene, { createdAt, endedAt }: Deployment): string {
  const duration = since(createdAt, endedAt === undefined ? now : new Date(endedAt));
  return endedAt === undefined ? `for ${duration}` : `after ${duration}`;
}

function factsOf({ deployment, environment, release }: DeploymentNow) {
  const { engine } = deployment;
  return [
    { label: 'Application', value: deployment.application },
    { label: 'Environment', value: environment.name, detail: environment.stage },
    { label: 'AWS account', value: environment.accountId, detail: environment.region },
    ...(release
      ? [{ label: 'Release', value: String(release.number), detail: `created ${day(release.createdAt)}` }]
      : []),
    ...(engine ? [{ label: 'Engine', value: engine.name, detail: engine.version }] : []),
  ];
}

/** The words of the commit, and whether somebody only said them. */
function commitOf({ deployment, release }: DeploymentNow): CommitInWords {
  const { message = '', author = '', stated } = release ?? {};
  return {
    ...{ id: deployment.commit, message: release && message, author },
    isTold: release?.wordsFrom === 'request' && (message !== '' || author !== ''),
    stated: statedOtherwise({ message, author, stated: stated ?? undefined }),
  };
}

type Gate = Schemas['Gate'];

function gateInWords({ gate, required, status, approvals, rejections, voided }: Gate): GateInWords {
  const decisions = [
    ...approvals.map((each) => ({ ...each, decision: 'approve' as const })),
    ...rejections.map((each) => ({ ...each, decision: 'reject' as const })),
  ];
  return {
    name: gate,
    status: status === 'pending' ? 'comes later' : status,
    tone: status === 'pending' ? '' : GATE_TONES[status],
    progress: `${approvals.length} of ${counted(required, 'approval')}`,
    decisions: decisions.sort((one, other) => one.at.localeCompare(other.at)),
    voided: voided.map((each) => ({ ...each, decision: 'approve' as const })),
  };
}
