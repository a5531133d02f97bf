import { isOwnRequest } from '../../../lambdas/domain/model/gate.ts';
import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { timeLeft } from '../../../lambdas/pages/parts/words.ts';
import type { Schemas } from '../../client/api-client.ts';
import type { Deployment, Environment } from '../../deployment/deployments.ts';
import { isOpen } from '../../deployment/describe-deployment.ts';
import type { Scene } from '../frame/scene.ts';
import { ago } from '../frame/small-parts.ts';

type Gate = Deployment['gates'][number];
/** Who may approve, and where. */
interface People {
  readonly stage: Environment['stage'];
  readonly approvers: readonly Schemas['Approver'][];
}

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
export const stages = (scene: Scene, deployment: Deployment, people: People): Html =>
  html`<ol class="stages">${stagesOf(scene, deployment, people).map(
    ({ name, standing, detail }) =>
      html`<li class="${standing}"${standing === 'now' && html` aria-current="step"`}><b>${name}</b><span class="sr"> (${IN_WORDS[standing]})</span>${detail !== undefined && html` <span class="detail">${detail}</span>`}</li>`,
  )}</ol>`;

function stagesOf(scene: Scene, deployment: Deployment, people: People): Stage[] {
  const { status, gates, passedThrough, appliesBannedSince, createdAt } = deployment;
  const here = whereIs(deployment);
  const standing = (place: number): Stage['standing'] => {
    if (place !== here) return place < here ? 'done' : 'later';
    return isOpen(deployment) ? 'now' : status === 'succeeded' ? 'done' : 'ended';
  };
  const shown = passedThrough ? [] : gates;
  const isQueued = status === 'queued';
  return [
    {
      name: 'Asked for',
      standing: standing(0),
      detail: html`${ago(scene, createdAt)} ago${isQueued && ', waits for its turn'}`,
    },
    {
      name: 'Plan',
      standing: standing(1),
      detail: here > 1 || !isOpen(deployment) ? changesIn(deployment) : undefined,
    },
    ...shown.map((gate, at) => ({
      name: `Approval by ${gate.gate}`,
      standing: standing(2 + at),
      detail: gateInWords(scene, gate, deployment, people),
    })),
    {
      name: passedThrough ? 'Nothing to apply' : 'Apply',
      standing: standing(2 + shown.length),
      detail: appliesBannedSince && html`waits until applies are allowed again, for ${ago(scene, appliesBannedSince)}`,
    },
  ];
}

/** Returns the place of the stage that a deployment is in, or that it ended in. */
function whereIs({ status, planDigest, gates, passedThrough, appliesBannedSince }: Deployment): number {
  const apply = 2 + (passedThrough ? 0 : gates.length);
  const isDropped = status === 'canceled' || status === 'superseded';
  if (status === 'queued' || (isDropped && planDigest === null)) return 0;
  if (status === 'applying' || status === 'succeeded' || appliesBannedSince !== undefined) return apply;
  if (status === 'planning' || planDigest === null) return 1;
  const next = gates.findIndex((gate) => gate.status !== 'approved');
  // A plan that is blocked before anybody was asked is as far as the deployment got.
  if (status === 'blocked' && (next === 0 || gates.length === 0)) return 1;
  return next === -1 ? apply : 2 + next;
}

/** What a plan would do, in a few signs. */
export function changesIn({ changes }: Deployment): string | undefined {
  if (changes === null) return undefined;
  if (changes === 'none') return 'nothing to change';
  const { add, change, destroy } = changes;
  return `${add} to create, ${change} to change, ${destroy} to destroy`;
}

function gateInWords(scene: Scene, gate: Gate, deployment: Deployment, people: People): Html | string {
  const { status, approvals, rejections, required, expiresAt, openedAt } = gate;
  const names = (by: readonly { by: string }[]) => by.map(({ by: name }) => name).join(', ');
  if (status === 'approved') return names(approvals);
  if (status === 'rejected') return `${names(rejections)} said no`;
  if (status !== 'open') return status === 'pending' ? counted(required, 'approval') : status;
  const asked = whoIsAsked(gate, deployment, people);
  const left =
    expiresAt === undefined ? undefined : (timeLeft(scene.now.toISOString(), expiresAt) ?? 'the time is over');
  return html`${approvals.length} of ${counted(required, 'approval')}${openedAt !== undefined && html`, open for ${ago(scene, openedAt)}`}${left && `, ${left}`}<br>${asked.length > 0 ? html`asks <bdi>${asked.join(', ')}</bdi>` : `nobody is registered for ${gate.gate}`}${approvals.length > 0 && html`<br>approved by <bdi>${names(approvals)}</bdi>`}`;
}

/** Those whose approval can still count at a gate: nobody counts twice, or for what they asked for (rule 10). */
function whoIsAsked({ gate }: Gate, deployment: Deployment, { stage, approvers }: People): string[] {
  const given = deployment.gates.flatMap(({ approvals }) => approvals.map(({ by }) => by));
  return approvers
    .filter(({ gates, email }) => gates.includes(gate) && !given.includes(email))
    .filter((approver) => !isOwnRequest(gate, stage, deployment, { ...approver, gates: [gate] }))
    .map(({ email, subscription }) => (subscription === 'confirmed' ? email : `${email} (gets no e-mail yet)`));
}
