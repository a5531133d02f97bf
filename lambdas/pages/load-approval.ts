import { findSuccessBefore, type SuccessBefore } from '../domain/approval/success-before.ts';
import { findAnalysis, findEarlierAnalysis } from '../domain/deployment/find-analysis.ts';
import { findParityOf, readForParity } from '../domain/environment/find-parity.ts';
import type { Application } from '../domain/model/application.ts';
import type { Approver } from '../domain/model/approver.ts';
import { type Deployment, plannedOf } from '../domain/model/deployment.ts';
import type { Environment } from '../domain/model/environment.ts';
import type { Gate } from '../domain/model/gate.ts';
import { gateInForce } from '../domain/model/gates-in-force.ts';
import type { LinkState } from '../domain/model/link-state.ts';
import type { Release } from '../domain/model/release.ts';
import { LISTINGS } from '../domain/model/table/listings.ts';
import type { Analysis } from '../domain/plan/analysis.ts';
import type { ParityView } from '../domain/plan/parity.ts';
import { GATES } from '../domain/policy.ts';
import type { ApprovalLink, ArtifactStore, Reader, Store } from '../domain/ports.ts';
import { listReadable } from '../domain/transaction/list-all.ts';

/** The records that a link leads to. */
export interface LinkedRecords {
  readonly link: ApprovalLink;
  /** Says which of the person's links counts. Undefined while it is the first one. */
  readonly linkState: LinkState | undefined;
  readonly deployment: Deployment;
  readonly gate: Gate;
  /** All gates of the deployment that have been opened, with the approvers that they need now. */
  readonly gates: readonly Gate[];
  /** Undefined when the person has been removed. */
  readonly approver: Approver | undefined;
  readonly application: Application;
  readonly environment: Environment;
  /** Undefined in an ephemeral environment, to which commits are deployed. */
  readonly release: Release | undefined;
}

/** Everything that the page behind a link shows. */
export interface ApprovalRecords extends LinkedRecords {
  /** The deployment that superseded this one. */
  readonly supersededBy: Deployment | undefined;
  /** Undefined when the details of the plan were deleted. */
  readonly analysis: Analysis | undefined;
  /**
   * The plan to compare with: that of this link if there is a newer one, else the one that the current plan replaces.
   */
  readonly earlier: Analysis | undefined;
  /** How production will differ from staging once the plan is applied. Undefined where that is not known. */
  readonly parity: ParityView | undefined;
  /** What became of the release in the environment before. Undefined where there is none, or none is asked for. */
  readonly before: SuccessBefore | undefined;
}

interface Services {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
}

/**
 * Reads the records of a link; it changes nothing. Returns undefined when they do not exist (any more). For the person
 * who opens the link, that looks the same as an invalid link.
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
  if (!application || !environment || (number !== undefined && !release)) return undefined;
  const gates = opened
    .filter((gate) => gate !== undefined)
    .map((gate) => gateInForce(gate, deployment, { application, environment }));
  const gate = gates.find((each) => each.gate === link.gate);
  if (!gate) return undefined;
  return { link, linkState, deployment, gate, gates, approver, application, environment, release };
}

/** Reads the records of a link and everything else that the page shows. */
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
  const [analysis, earlier, before] = await Promise.all([
    planned && findAnalysis(artifacts, planned),
    earlierRound === undefined ? undefined : findEarlierAnalysis(artifacts, deployment.id, earlierRound),
    findSuccessBefore(ahead, deployment),
    isProduction && readForParity(ahead, application, environment, deployment.id),
  ]);
  const parity = isProduction ? await findParityOf(ahead, application, environment, deployment.id) : undefined;
  const supersededBy = gate.status === 'superseded' ? await findSuccessor(store, deployment.id) : undefined;
  return { ...linked, analysis, earlier, parity, before, supersededBy };
}

/** Returns the deployment that superseded this one, according to the events of this one. */
async function findSuccessor(store: Store, deploymentId: string): Promise<Deployment | undefined> {
  const { items } = await listReadable(store, LISTINGS.events(deploymentId));
  const id = items.find(({ type, by }) => type === 'superseded' && by !== undefined)?.by;
  return id === undefined ? undefined : store.get('deployment', { id });
}
