import type { Application } from '../domain/application.ts';
import type { Approver } from '../domain/approver.ts';
import { type Deployment, plannedOf } from '../domain/deployment.ts';
import type { Environment } from '../domain/environment.ts';
import { findAnalysis } from '../domain/find-analysis.ts';
import type { Gate } from '../domain/gate.ts';
import { listAll } from '../domain/list-all.ts';
import type { Analysis } from '../domain/plan/analysis.ts';
import type { ApprovalLink, ArtifactStore, LinkSigner, Store } from '../domain/ports.ts';
import { type DeploymentEvent, LISTINGS } from '../domain/records.ts';
import type { Release } from '../domain/release.ts';

/** Everything the page behind a link is made of. */
export interface ApprovalRecords {
  readonly link: ApprovalLink;
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
  readonly events: readonly DeploymentEvent[];
  /** Absent when the plan's details were deleted. */
  readonly analysis: Analysis | undefined;
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
  const [gates, approver, application, environment, release, events, analysis] = await Promise.all([
    listAll(store, LISTINGS.gates(deployment.id)),
    store.get('approver', { application: name, email: link.email }),
    store.get('application', { name }),
    store.get('environment', { application: name, name: target }),
    number === undefined ? undefined : store.get('release', { application: name, number }),
    listAll(store, LISTINGS.events(deployment.id)),
    planned && findAnalysis(artifacts, planned),
  ]);
  const gate = gates.find((each) => each.gate === link.gate);
  if (!gate || !application || !environment || (number !== undefined && !release)) return undefined;
  return { link, deployment, gate, gates, approver, application, environment, release, events, analysis };
}
