import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { capitalized, timeLeft } from '../../../lambdas/pages/parts/words.ts';
import type { Schemas } from '../../client/api-client.ts';
import type { Deployment } from '../../deployment/deployments.ts';
import { isOpen } from '../../deployment/describe-deployment.ts';
import type { Scene } from '../frame/scene.ts';
import { ago } from '../frame/small-parts.ts';

type Gate = Deployment['gates'][number];
type Approvers = readonly Schemas['Approver'][];

/** A stage that a deployment goes through. `ended`: it went no further. */
interface Stage {
  readonly name: string;
  readonly standing: 'done' | 'now' | 'later' | 'ended';
  readonly detail?: Html | string | undefined;
}

const IN_WORDS: Readonly<Record<Stage['standing'], string>> = {
  done: 'done',
  now: 'now',
  later: 'to come',
  ended: 'ended here',
};

/** Shows a deployment stage by stage: what is done, what goes on, and who is waited for until when. */
export const stages = (scene: Scene, deployment: Deployment, approvers: Approvers): Html =>
  html`<ol class="stages">${stagesOf(scene, deployment, approvers).map(
    ({ name, standing, detail }) =>
      html`<li class="${standing}"${standing === 'now' && html` aria-current="step"`}><b>${name}</b><span class="sr"> (${IN_WORDS[standing]})</span>${detail !== undefined && html` <span class="detail">${detail}</span>`}</li>`,
  )}</ol>`;

function stagesOf(scene: Scene, deployment: Deployment, approvers: Approvers): Stage[] {
  const { status, planDigest, gates, passedThrough, appliesBannedSince, createdAt } = deployment;
  const isPlanned = planDigest !== null;
  const open = isOpen(deployment);
  const hasEnded = (isHere: boolean): Stage['standing'] => (isHere && !open ? 'ended' : 'later');
  const plan: Stage = {
    name: 'Plan',
    standing: status === 'planning' && !isPlanned ? 'now' : isPlanned ? 'done' : hasEnded(true),
    detail: isPlanned ? changesIn(deployment) : undefined,
  };
  const isApproved = gates.every((gate) => gate.status === 'approved');
  const isApplied = status === 'succeeded';
  const apply: Stage = {
    name: passedThrough ? 'Nothing to apply' : 'Apply',
    standing: status === 'applying' ? 'now' : isApplied ? 'done' : hasEnded(isPlanned && isApproved),
    detail: appliesBannedSince && html`waits until applies are allowed again, for ${ago(scene, appliesBannedSince)}`,
  };
  return [
    {
      name: 'Asked for',
      standing: status === 'queued' ? 'now' : 'done',
      detail: html`${ago(scene, createdAt)} ago${status === 'queued' && ', waits for its turn'}`,
    },
    plan,
    ...(passedThrough ? [] : gates.map((gate) => gateStage(scene, gate, approvers))),
    apply,
  ];
}

/** What a plan would do, in a few signs. */
export function changesIn({ changes }: Deployment): string | undefined {
  if (changes === null) return undefined;
  if (changes === 'none') return 'nothing to change';
  const { add, change, destroy } = changes;
  return `${add} to create, ${change} to change, ${destroy} to destroy`;
}

const STANDING: Readonly<Record<Gate['status'], Stage['standing']>> = {
  open: 'now',
  approved: 'done',
  pending: 'later',
  rejected: 'ended',
  expired: 'ended',
  canceled: 'ended',
  superseded: 'ended',
  void: 'ended',
};

function gateStage(scene: Scene, gate: Gate, approvers: Approvers): Stage {
  return {
    name: `Approval by ${gate.gate}`,
    standing: STANDING[gate.status],
    detail: gateInWords(scene, gate, approvers),
  };
}

function gateInWords(scene: Scene, gate: Gate, approvers: Approvers): Html | string {
  const { status, approvals, rejections, required, expiresAt, openedAt } = gate;
  const names = (by: readonly { by: string }[]) => by.map(({ by: name }) => name).join(', ');
  if (status === 'approved') return names(approvals);
  if (status === 'rejected') return `${names(rejections)} said no`;
  if (status !== 'open') return status === 'pending' ? counted(required, 'approval') : status;
  const asked = whoIsAsked(gate, approvers);
  const left =
    expiresAt === undefined ? undefined : (timeLeft(scene.now.toISOString(), expiresAt) ?? 'the time is over');
  return html`${approvals.length} of ${counted(required, 'approval')}${openedAt !== undefined && html`, open for ${ago(scene, openedAt)}`}${left && `, ${left}`}<br>${asked.length > 0 ? html`asks <bdi>${asked.join(', ')}</bdi>` : `nobody is registered for ${gate.gate}`}${approvals.length > 0 && html`<br>approved by <bdi>${names(approvals)}</bdi>`}`;
}

/** Those who can still decide at a gate. */
const whoIsAsked = ({ gate, approvals }: Gate, approvers: Approvers): string[] =>
  approvers
    .filter(({ gates, email }) => gates.includes(gate) && !approvals.some(({ by }) => by === email))
    .map(({ email, subscription }) => (subscription === 'confirmed' ? email : `${email} (gets no e-mail yet)`));

/** The status of a deployment in a word or two. */
export const statusInBrief = ({ status, passedThrough }: Pick<Deployment, 'status' | 'passedThrough'>): string =>
  passedThrough ? 'Passed through' : capitalized(status.replaceAll('_', ' '));
