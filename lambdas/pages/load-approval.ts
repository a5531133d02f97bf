import { findAnalysis, findEarlierAnalysis } from '../domain/deployment/find-analysis.ts';
import { findParityOf, type ParityView, readForParity } from '../domain/environment/find-parity.ts';
import type { Application } from '../domain/model/application.ts';
import type { Approver } from '../domain/model/approver.ts';
import { type Deployment, plannedOf } from '../domain/model/deployment.ts';
import type { Environment } from '../domain/model/environment.ts';
import type { Gate } from '../domain/model/gate.ts';
import type { LinkState } from '../domain/model/link-state.ts';
import type { Release } from '../domain/model/release.ts';
import { LISTINGS } from '../domain/model/table/listings.ts';
import type { Analysis } from '../domain/plan/analysis.ts';
import { GATES } from '../domain/policy.ts';
import type { ApprovalLink, ArtifactStore, Reader, Store } from '../domain/ports.ts';
import { listAll } from '../domain/transaction/list-all.ts';

/** The records that a link leads to. */
export interface LinkedRecords {
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
}

/** Everything the page behind a link is made of. */
export interface ApprovalRecords extends LinkedRecords {
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
}

/**
 * What a link leads to, only by reading. Undefined when there is nothing (any more), which looks the same to whoever
 * asks as a link that is none.
 */
export async function findLinked(reader: Reader, link: ApprovalLink): Promise<LinkedRecords | undefined> {
  const { deploymentId, email } = link;
  const [deployment, linkState, ...opened] = await Promise.all([
    reader.get('deployment', { id: deploymentId }),
    reader.get('linkState', link),
    ...GATES.map((each) => reader.get('gate', { deploymentId, gate: each })),
  ]);
  if (!deployment) return undefined;
  const { application: name, environment: target, release: number } = deployment;
  const [approver, application, environment, release] = await Promise.all([
    reader.get('approver', { application: name, email }),
    reader.get('application', { name }),
    reader.get('environment', { application: name, name: target }),
    number === undefined ? undefined : reader.get('release', { application: name, number }),
  ]);
  const gates = opened.filter((gate) => gate !== undefined);
  const gate = gates.find((each) => each.gate === link.gate);
  if (!gate || !application || !environment || (number !== undefined && !release)) return undefined;
  return { link, linkState, deployment, gate, gates, approver, application, environment, release };
}

/** The same with everything that the page shows. */
export async function loadApproval(
  { store, artifacts }: Services,
  link: ApprovalLink,
): Promise<ApprovalRecords | undefined> {
  const ahead = await store.readAhead();
  const linked = await findLinked(ahead, link);
  if (!linked) return undefined;
  const { deployment, application, environment, gate } = linked;
  const planned = plannedOf(deployment);
  const earlierRound = planned && (link.round < planned.round ? link.round : planned.replaces?.round);
  const isProduction = environment.stage === 'production';
  const [analysis, earlier] = await Promise.all([
    planned && findAnalysis(artifacts, planned),
    earlierRound === undefined ? undefined : findEarlierAnalysis(artifacts, deployment.id, earlierRound),
    isProduction && readForParity(ahead, application, environment, deployment.id),
  ]);
  const parity = isProduction ? await findParityOf(ahead, application, environment, deployment.id) : undefined;
  const supersededBy = gate.status === 'superseded' ? await findSuccessor(store, deployment.id) : undefined;
  return { ...linked, analysis, earlier, parity, supersededBy };
}

/** The deployment named by the event that superseded another. */
async function findSuccessor(store: Store, deploymentId: string): Promise<Deployment | undefined> {
  const events = await listAll(store, LISTINGS.events(deploymentId));
  const id = events.find(({ type, by }) => type === 'superseded' && by !== undefined)?.by;
  return id === undefined ? undefined : store.get('deployment', { id });
}
