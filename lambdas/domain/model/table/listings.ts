import { padded } from '../../names.ts';
import { app, audit, deployment, env } from './partitions.ts';
import type { Kind } from './records.ts';

/** A question with many answers: one query on the table or on the table's index. */
export interface Listing<K extends Kind> {
  readonly kind: K;
  readonly index?: 'gsi1';
  readonly partition: string;
  readonly prefix?: string;
  readonly order: 'ascending' | 'descending';
}

const ascending = 'ascending' as const;
const descending = 'descending' as const;

export const LISTINGS = {
  applications: (): Listing<'application'> => ({
    kind: 'application',
    index: 'gsi1',
    partition: 'APPLICATIONS',
    order: ascending,
  }),
  environments: (application: string): Listing<'environment'> => ({
    kind: 'environment',
    partition: app(application),
    prefix: 'ENVIRONMENT#',
    order: ascending,
  }),
  externalIds: (application: string): Listing<'externalId'> => ({
    kind: 'externalId',
    partition: app(application),
    prefix: 'EXTERNAL_ID#',
    order: ascending,
  }),
  approvers: (application: string): Listing<'approver'> => ({
    kind: 'approver',
    partition: app(application),
    prefix: 'APPROVER#',
    order: ascending,
  }),
  /** Lists one person as an approver of every application, because one e-mail subscription serves them all. */
  approverEverywhere: (email: string): Listing<'approver'> => ({
    kind: 'approver',
    index: 'gsi1',
    partition: `APPROVER#${email}`,
    order: ascending,
  }),
  releases: (application: string): Listing<'release'> => ({
    kind: 'release',
    partition: app(application),
    prefix: 'RELEASE#',
    order: descending,
  }),
  outcomesOfRelease: (application: string, release: number): Listing<'outcome'> => ({
    kind: 'outcome',
    index: 'gsi1',
    partition: `OUTCOMES#${application}#${padded(release)}`,
    order: ascending,
  }),
  outcomes: (application: string, environment: string): Listing<'outcome'> => ({
    kind: 'outcome',
    partition: env(application, environment),
    prefix: 'OUTCOME#',
    order: descending,
  }),
  environmentEvents: (application: string, environment: string): Listing<'environmentEvent'> => ({
    kind: 'environmentEvent',
    partition: env(application, environment),
    prefix: 'EVENT#',
    order: descending,
  }),
  protectionLifts: (application: string, environment: string): Listing<'protectionLifts'> => ({
    kind: 'protectionLifts',
    partition: env(application, environment),
    prefix: 'LIFTS#',
    order: ascending,
  }),
  proofLifts: (application: string, environment: string): Listing<'proofLifts'> => ({
    kind: 'proofLifts',
    partition: env(application, environment),
    prefix: 'PROOF_LIFTS#',
    order: ascending,
  }),
  /** Lists what applies have changed, the newest apply first. */
  appliedChanges: (application: string, environment: string): Listing<'appliedChanges'> => ({
    kind: 'appliedChanges',
    partition: env(application, environment),
    prefix: 'APPLY#',
    order: descending,
  }),
  history: (application: string, environment: string): Listing<'deployment'> => ({
    kind: 'deployment',
    index: 'gsi1',
    partition: `HISTORY#${application}#${environment}`,
    order: descending,
  }),
  gates: (id: string): Listing<'gate'> => ({
    kind: 'gate',
    partition: deployment(id),
    prefix: 'GATE#',
    order: ascending,
  }),
  events: (id: string): Listing<'deploymentEvent'> => ({
    kind: 'deploymentEvent',
    partition: deployment(id),
    prefix: 'EVENT#',
    order: ascending,
  }),
  pendingGates: (gate: string): Listing<'gate'> => ({
    kind: 'gate',
    index: 'gsi1',
    partition: `PENDING#${gate}`,
    order: ascending,
  }),
  audit: (application: string, order: 'ascending' | 'descending'): Listing<'auditEntry'> => ({
    kind: 'auditEntry',
    partition: audit(application),
    prefix: 'ENTRY#',
    order,
  }),
  /** Lists every environment that has a certificate. */
  certificates: (): Listing<'environmentDns'> => ({
    kind: 'environmentDns',
    index: 'gsi1',
    partition: 'CERTIFICATES',
    order: ascending,
  }),
  /** Lists every environment of which a tree is no longer kept and still to be deleted. */
  droppedTrees: (): Listing<'keptTrees'> => ({
    kind: 'keptTrees',
    index: 'gsi1',
    partition: 'DROPPED_TREES',
    order: ascending,
  }),
  /** Lists every environment that may owe a promotion. */
  owedPromotions: (): Listing<'owedPromotion'> => ({
    kind: 'owedPromotion',
    index: 'gsi1',
    partition: 'OWED_PROMOTIONS',
    order: ascending,
  }),
  unreadableRecords: (): Listing<'unreadableRecord'> => ({
    kind: 'unreadableRecord',
    partition: 'UNREADABLE',
    order: ascending,
  }),
  inFlight: (): Listing<'environmentState'> => ({
    kind: 'environmentState',
    index: 'gsi1',
    partition: 'IN_FLIGHT',
    order: ascending,
  }),
};
