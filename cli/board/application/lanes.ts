import { rehearsalInWords } from '../../../lambdas/domain/approval/rehearsal-in-words.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { capitalized, money } from '../../../lambdas/pages/parts/words.ts';
import type { Deployment, Environment } from '../../deployment/deployments.ts';
import { isCancelable, isOpen, whatOf } from '../../deployment/describe-deployment.ts';
import { olderReleasesIn } from '../../deployment/older-releases.ts';
import { releaseOrCommit, short } from '../../output/words.ts';
import { stages } from '../deployment/stages.ts';
import { actionPath, cancelPath, deploymentPath, type Scene } from '../frame/scene.ts';
import { actionLink, ago, pill, type Standing, subjectOf, who } from '../frame/small-parts.ts';
import type { ApplicationNow, Lane } from '../reading/read-application.ts';
import { modules } from './modules.ts';
import { promotable } from './promotable.ts';

/** Shows the environments of a pipeline from left to right. */
export const lanes = (scene: Scene, now: ApplicationNow): Html =>
  html`<ol class="lanes" tabindex="0" aria-label="Environments in pipeline order">${now.lanes.map((lane, at) => laneOf(scene, now, lane, at))}</ol>`;

const STAGE_TONE = { development: 'quiet', staging: 'calm', production: 'warn' } as const;

function laneOf(scene: Scene, now: ApplicationNow, lane: Lane, at: number): Html {
  const { name, environment, queued } = lane;
  if (environment === null)
    return html`<li id="lane-${name}"><h3><bdi>${name}</bdi> ${pill('quiet', 'not defined yet')}</h3>
<p class="quiet small">The pipeline names this environment, and it is not registered. <code>stagegate init</code> adds it once its directory exists.</p></li>`;
  const { stage, current, hold, warnings } = environment;
  return html`<li id="lane-${name}" class="${standingOf(lane)}">
<h3><bdi>${name}</bdi> ${pill(STAGE_TONE[stage], stage)}${environment.status === 'failed' && pill('bad', 'failed')}</h3>
${runs(scene, now.application.name, lane)}
${hold && html`<div class="notice warn"><h4>On hold for ${ago(scene, hold.at)}</h4><p><bdi>${hold.reason}</bdi></p><p class="small">${who(hold.by)}. Nothing is deployed here by itself until somebody gives <code>stagegate lift ${name} --app ${now.application.name}</code>.</p></div>`}
${current && underWay(scene, { stage, approvers: now.approvers.items }, lane, current)}
${!current && wentWrong(scene, environment)}
${queued.map((each) => html`<div class="notice calm"><p><a href="${deploymentPath(scene, each)}">${capitalized(whatOf(each))}</a> waits for its turn, for ${ago(scene, each.createdAt)}.</p></div>`)}
${warnings.map((warning) => html`<div class="notice warn"><p class="small"><bdi>${warning}</bdi></p></div>`)}
${factsOf(lane, at === 0)}
${actions(scene, now, lane, at)}</li>`;
}

function standingOf({ environment, deployed }: Lane): Standing {
  if (!environment) return 'quiet';
  if (environment.status === 'failed') return 'bad';
  if (environment.current?.gates.some(({ status }) => status === 'open') || environment.hold) return 'warn';
  if (environment.current) return 'calm';
  return deployed ? 'good' : 'quiet';
}

/** What runs in an environment, since when, and what its commit says. */
function runs(scene: Scene, application: string, { name, environment, release }: Lane): Html {
  const deployed = environment?.deployed;
  if (!deployed) return html`<p class="runs quiet">Nothing yet</p>`;
  const { commit, deploymentId: id, at, passed } = deployed;
  const message = subjectOf(release?.message);
  return html`<p class="runs"><a href="${deploymentPath(scene, { application, environment: name, id })}">${capitalized(releaseOrCommit(deployed))}</a></p>
<p class="quiet small">${passed ? 'passed through' : 'deployed'} ${ago(scene, at)} ago</p>
<div class="commit">${release && html`<p class="subject"><bdi>${message === '' ? 'No commit message' : message}</bdi></p>`}<p class="by quiet small">commit <code>${short(commit)}</code></p></div>`;
}

function underWay(scene: Scene, people: Parameters<typeof stages>[2], { coming }: Lane, deployment: Deployment): Html {
  const { environment, gates, rehearsal, requestedBy, cancelRequestedBy } = deployment;
  const subject = subjectOf(coming?.message);
  const isWaiting = gates.some(({ status }) => status === 'open');
  return html`<div class="notice ${isWaiting ? 'warn' : 'calm'}"><h4><a href="${deploymentPath(scene, deployment)}">${capitalized(whatOf(deployment))}</a></h4>
${subject !== '' && html`<p class="small"><bdi>${subject}</bdi></p>`}
${stages(scene, deployment, people)}
${rehearsal && html`<p class="small">${capitalized(rehearsalInWords(rehearsal))}.</p>`}
<p class="small">${who(requestedBy)} asked for it. ${cancelRequestedBy && html`<strong>Being canceled.</strong>`}${isCancelable(deployment) && actionLink(cancelPath(scene, deployment), 'Cancel', { tone: 'bad', where: environment })}</p></div>`;
}

/** The deployment that went wrong last, if nothing has succeeded since. A newer one may have been dropped meanwhile. */
function wentWrong(scene: Scene, { status, history }: Environment): Html | undefined {
  const isFailed = status === 'failed';
  const last = history.find((each) => (isFailed ? each.status === 'failed' : !isOpen(each)));
  if (!last || last.status === 'succeeded' || last.status === 'superseded') return undefined;
  const reason = last.error?.message.split('\n')[0];
  return html`<div class="notice ${last.status === 'failed' ? 'bad' : 'warn'}"><h4><a href="${deploymentPath(scene, last)}">${capitalized(whatOf(last))}</a>: ${last.status}</h4>
${reason !== undefined && html`<p class="small"><bdi>${reason}</bdi></p>`}<p class="small quiet">${last.endedAt !== undefined && html`${ago(scene, last.endedAt)} ago`}</p></div>`;
}

function factsOf({ environment, deployed }: Lane, isFirst: boolean): Html | undefined {
  if (!environment) return undefined;
  const { accountId, region, resources, dns, deployed: running } = environment;
  const cost = deployed?.cost;
  const fact = (label: string, value: Html | string) => html`<dt>${label}</dt><dd>${value}</dd>`;
  return html`<dl class="small-facts">
${running && running.modules.length > 0 && fact('Modules', modules(running.modules, deployed?.proof ?? null, isFirst))}
${cost && fact('Cost', html`${money(cost.monthlyAfter, cost.currency)} a month${cost.coverage < 100 && html` <span class="quiet">(${Math.round(cost.coverage)} % priced)</span>`}`)}
${resources && fact('Resources', String(resources.count))}
${dns && fact('Host', html`<bdi>${dns.hostname}</bdi>`)}
${fact('Account', html`<code>${accountId}</code> <span class="quiet">${region}</span>`)}
</dl>`;
}

function actions(scene: Scene, now: ApplicationNow, { name, environment }: Lane, at: number): Html | undefined {
  if (!environment) return undefined;
  const place = { application: now.application.name, environment: name };
  const release = promotable(now, at);
  const hasOlder = olderReleasesIn(environment).length > 0;
  return html`<div class="actions">
${release !== undefined && actionLink(`${actionPath(scene, place, 'promote')}?release=${release}`, `Promote release ${release}`, { where: `to ${name}` })}
${hasOlder && actionLink(actionPath(scene, place, 'rollback'), 'Roll back', { where: name })}
${!environment.hold && actionLink(actionPath(scene, place, 'hold'), 'Hold', { where: name })}</div>`;
}
