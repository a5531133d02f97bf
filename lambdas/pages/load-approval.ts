import type { Application } from '../domain/application.ts';
import type { Approver } from '../domain/approver.ts';
import { type Deployment, plannedOf } from '../domain/deployment.ts';
import type { Environment } from '../domain/environment.ts';
import { findAnalysis, findEarlierAnalysis } from '../domain/find-analysis.ts';
import { findParityOf, type ParityView } from '../domain/find-parity.ts';
import type { Gate } from '../domain/gate.ts';
import type { LinkState } from '../domain/link-state.ts';
import { listAll } from '../domain/list-all.ts';
import type { Analysis } from '../domain/plan/analysis.ts';
import type { ApprovalLink, ArtifactStore, LinkSigner, Store } from '../domain/ports.ts';
import { LISTINGS } from '../domain/records.ts';
import type { Release } from '../domain/release.ts';

/** Everything the page behind a link is made of. */
export interface ApprovalRecords {
  readonly link: ApprovalLink;
  /** Which of the person's links counts; absent while that is the first. */
  readonly linkState: LinkState | undefined;
  readonly deployment: Deployment;
  readonly gate: Gate;
  /** All gates of the deployment that have been opened. */
  readonly gates: readonly Gate[];
  /** Absent when the person was removed since. */
  readonly approver: Approver | undefined;
  readonly application: Application;
  readonly environment: Environment;
  /** Absent in an ephemeral environment, which is given commits. */
  readonly release: Release | undefined;
  /** The deployment that took this one's place. */
  readonly supersededBy: Deployment | undefined;
  /** Absent when the plan's details were deleted. */
  readonly analysis: Analysis | undefined;
  /** The plan to compare with: what this link showed if it was made again since, else the one it was made instead of. */
  readonly earlier: Analysis | undefined;
  /** How production will differ from staging once the plan is applied; absent where that cannot be said. */
  readonly parity: ParityView | undefined;
}

interface Services {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly links: LinkSigner;
}

/**
 * What a link leads to, only by reading; a forged or malformed token does not even reach the table. Undefined when
 * there is nothing (any more), which looks the same to whoever asks.
 */
export async function loadApproval(
  { store, artifacts, links }: Services,
  token: string,
): Promise<ApprovalRecords | undefined> {
  const link = await links.verify(token);
  if (!link) return undefined;
  const deployment = await store.get('deployment', { id: link.deploymentId });
  if (!deployment) return undefined;
  const { application: name, environment: target, release: number } = deployment;
  const planned = plannedOf(deployment);
  const earlierRound = planned && (link.round < planned.round ? link.round : planned.replaces?.round);
  const [linkState, gates, approver, application, environment, release, analysis, earlier] = await Promise.all([
    store.get('linkState', link),
    listAll(store, LISTINGS.gates(deployment.id)),
    store.get('approver', { application: name, email: link.email }),
    store.get('application', { name }),
    store.get('environment', { application: name, name: target }),
    number === undefined ? undefined : store.get('release', { application: name, number }),
    planned && findAnalysis(artifacts, planned),
    earlierRound === undefined ? undefined : findEarlierAnalysis(artifacts, deployment.id, earlierRound),
  ]);
  const gate = gates.find((each) => each.gate === link.gate);
  if (!gate || !application || !environment || (number !== undefined && !release)) return undefined;
  const [parity, supersededBy] = await Promise.all([
    environment.stage === 'production' ? findParityOf(store, application, environment, deployment.id) : undefined,
    gate.status === 'superseded' ? findSuccessor(store, deployment.id) : undefined,
  ]);
  const people = { gate, gates, approver };
  const plans = { analysis, earlier, parity };
  return { link, linkState, deployment, ...people, application, environment, release, supersededBy, ...plans };
}

/** The deployment named by the event that superseded another. */
async function findSuccessor(store: Store, deploymentId: string): Promise<Deployment | undefined> {
  const events = await listAll(store, LISTINGS.events(deploymentId));
  const id = events.find(({ type, by }) => type === 'superseded' && by !== undefined)?.by;
  return id === undefined ? undefined : store.get('deployment', { id });
}
