import * as z from 'zod';
import { ApplicationSchema } from './application.ts';
import { ApproverSchema } from './approver.ts';
import { AuditEntrySchema, AuditHeadSchema } from './audit.ts';
import type { Purpose } from './build-source.ts';
import { BuildTicketSchema, CredentialsRefusalSchema } from './build-ticket.ts';
import { DeploymentSchema } from './deployment.ts';
import { EnvironmentDnsSchema, HostnameClaimSchema } from './dns.ts';
import { EnvironmentSchema } from './environment.ts';
import { EnvironmentEventSchema } from './environment-event.ts';
import { EnvironmentStateSchema, OutcomeSchema } from './environment-state.ts';
import { GateSchema, TaskTokenSchema } from './gate.ts';
import { type LinkKey, LinkStateSchema } from './link-state.ts';
import { CommitSchema, DeploymentIdSchema, InstantSchema, padded, Sha256Schema } from './names.ts';
import { OutputsSchema } from './outputs.ts';
import { ConfigurationSchema } from './plan/parity.ts';
import type { GateName } from './policy.ts';
import { ProtectionLiftsSchema } from './protection-lift.ts';
import { PassageSchema } from './push-order.ts';
import { RefusalMarkSchema } from './refused-decision.ts';
import { PushMarkSchema, ReleaseLogSchema, ReleaseSchema } from './release.ts';
import { WebhookDeliverySchema } from './webhook/delivery.ts';

/** Which environment's Terraform state lives at an address; a second claimant is refused (rule 6). */
export const StateClaimSchema = z.object({
  /** `<bucket>/<key>` */
  address: z.string().max(1500),
  application: z.string(),
  environment: z.string(),
  at: InstantSchema,
});

/** The address an environment's plans must resolve to: that of its first plan, or the one it was moved to since. */
export const StateAddressSchema = z.object({
  application: z.string(),
  environment: z.string(),
  address: z.string(),
  /** Addresses it was moved away from. They stay its own: their states may still describe what exists. */
  former: z.array(z.string()).default([]),
});

/**
 * The external id of a name that ephemeral environments bear one after the other: the roles of that name are prepared
 * with it, once.
 */
export const ExternalIdSchema = z.object({
  application: z.string(),
  environment: z.string(),
  externalId: z.string().regex(/^[0-9a-f]{32}$/),
});

/** The ephemeral environments that are not closed: what the limits count and the sweeper looks at. */
export const EphemeralRegisterSchema = z.object({
  live: z.array(z.object({ application: z.string(), environment: z.string() })),
});

/** The head of a branch as pushes have told it. */
export const BranchHeadSchema = z.object({
  /** As `repositoryName` calls it. */
  repository: z.string(),
  branch: z.string(),
  head: CommitSchema,
  /** When the push said it was that made this the head. */
  headPushedAt: InstantSchema.optional(),
  /** Heads it had before, newest first: a push that comes late leads back to one of them. */
  past: z.array(CommitSchema),
});

/** What an environment consists of once the deployment's plan is applied, for comparing environments. */
export const PlannedConfigurationSchema = ConfigurationSchema.extend({ deploymentId: DeploymentIdSchema });

/** A plan digest that has been given to an apply build, and to which (rule 2). */
export const ConsumedPlanSchema = z.object({
  digest: Sha256Schema,
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
});

/** The automatic promotion of a source deployment; its existence makes the event's second delivery a no-op. */
export const PromotionSchema = z.object({
  sourceDeploymentId: DeploymentIdSchema,
  /** Absent when the promotion was refused, with the reason. */
  deploymentId: DeploymentIdSchema.optional(),
  refusal: z.string().optional(),
  at: InstantSchema,
});

/** One line of a deployment's story, shown to people; never edited. */
export const DeploymentEventSchema = z.object({
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
  /** Tells apart events of the same instant. */
  nonce: z.string().regex(/^[0-9a-f]{8}$/),
  type: z.string(),
  by: z.string().optional(),
  details: z.record(z.string(), z.json()).optional(),
});
export type DeploymentEvent = z.infer<typeof DeploymentEventSchema>;

interface Position {
  readonly pk: string;
  readonly sk: string;
}

function record<S extends z.ZodType, K extends Partial<z.output<S>>>(layout: {
  readonly schema: S;
  /** Where the record lives in the one table, from its identifying fields. */
  readonly key: (identity: K) => Position;
  /** Its place in the sparse index `gsi1`, if it has one now. */
  readonly index?: (record: z.output<S>) => Position | undefined;
  /** Written once and never changed or deleted. */
  readonly appendOnly?: true;
}) {
  return layout;
}

const app = (application: string) => `APP#${application}`;
const env = (application: string, environment: string) => `ENV#${application}#${environment}`;
const deployment = (id: string) => `DEPLOYMENT#${id}`;
/** Partition of its own, so that IAM can tell it apart: no function may delete what is in it (`data-store.ts`). */
const audit = (application: string) => `AUDIT#${application}`;
/** Entries are many more than releases; ten digits keep text order number order for as long as anybody decides. */
const paddedEntry = (sequence: number) => String(sequence).padStart(10, '0');

/** Every record of the one table: its schema, and the keys that make each question one get or one query. */
export const RECORDS = {
  application: record({
    schema: ApplicationSchema,
    key: ({ name }: { name: string }) => ({ pk: app(name), sk: 'APPLICATION' }),
    index: ({ name }) => ({ pk: 'APPLICATIONS', sk: name }),
  }),
  environment: record({
    schema: EnvironmentSchema,
    key: ({ application, name }: { application: string; name: string }) => ({
      pk: app(application),
      sk: `ENVIRONMENT#${name}`,
    }),
  }),
  externalId: record({
    schema: ExternalIdSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: app(application),
      sk: `EXTERNAL_ID#${environment}`,
    }),
  }),
  ephemeralRegister: record({
    schema: EphemeralRegisterSchema,
    key: (_only: object) => ({ pk: 'EPHEMERAL', sk: 'REGISTER' }),
  }),
  branchHead: record({
    schema: BranchHeadSchema,
    key: ({ repository, branch }: { repository: string; branch: string }) => ({
      pk: `REPOSITORY#${repository}`,
      sk: `BRANCH#${branch}`,
    }),
  }),
  approver: record({
    schema: ApproverSchema,
    key: ({ application, email }: { application: string; email: string }) => ({
      pk: app(application),
      sk: `APPROVER#${email}`,
    }),
    index: ({ application, email }) => ({ pk: `APPROVER#${email}`, sk: application }),
  }),
  releaseLog: record({
    schema: ReleaseLogSchema,
    key: ({ application }: { application: string }) => ({ pk: app(application), sk: 'RELEASES' }),
  }),
  release: record({
    schema: ReleaseSchema,
    key: ({ application, number }: { application: string; number: number }) => ({
      pk: app(application),
      sk: `RELEASE#${padded(number)}`,
    }),
  }),
  pushMark: record({
    schema: PushMarkSchema,
    key: ({ application, mark }: { application: string; mark: string }) => ({
      pk: app(application),
      sk: `PUSH#${mark}`,
    }),
  }),
  passage: record({
    schema: PassageSchema,
    key: ({ application, commit }: { application: string; commit: string }) => ({
      pk: app(application),
      sk: `COMMIT#${commit}`,
    }),
  }),
  environmentState: record({
    schema: EnvironmentStateSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'STATE',
    }),
    index: (state) =>
      state.holder || state.queue.length > 0 || state.unannounced.length > 0
        ? { pk: 'IN_FLIGHT', sk: `${state.application}#${state.environment}` }
        : undefined,
  }),
  outcome: record({
    schema: OutcomeSchema,
    key: ({ application, environment, release }: { application: string; environment: string; release: number }) => ({
      pk: env(application, environment),
      sk: `OUTCOME#${padded(release)}`,
    }),
    index: ({ application, environment, release }) => ({
      pk: `OUTCOMES#${application}#${padded(release)}`,
      sk: environment,
    }),
  }),
  outputs: record({
    schema: OutputsSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'OUTPUTS',
    }),
  }),
  environmentDns: record({
    schema: EnvironmentDnsSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'DNS',
    }),
    index: ({ application, environment }) => ({ pk: 'CERTIFICATES', sk: `${application}#${environment}` }),
  }),
  environmentEvent: record({
    schema: EnvironmentEventSchema,
    key: (event: { application: string; environment: string; at: string; nonce: string }) => ({
      pk: env(event.application, event.environment),
      sk: `EVENT#${event.at}#${event.nonce}`,
    }),
    appendOnly: true,
  }),
  protectionLifts: record({
    schema: ProtectionLiftsSchema,
    key: ({ application, environment, address }: { application: string; environment: string; address: string }) => ({
      pk: env(application, environment),
      sk: `LIFTS#${address}`,
    }),
  }),
  stateAddress: record({
    schema: StateAddressSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'STATE_ADDRESS',
    }),
  }),
  deployment: record({
    schema: DeploymentSchema,
    key: ({ id }: { id: string }) => ({ pk: deployment(id), sk: 'DEPLOYMENT' }),
    index: ({ application, environment, number }) => ({
      pk: `HISTORY#${application}#${environment}`,
      sk: padded(number),
    }),
  }),
  buildTicket: record({
    schema: BuildTicketSchema,
    key: ({ deploymentId, purpose, round }: { deploymentId: string; purpose: Purpose; round: number }) => ({
      pk: deployment(deploymentId),
      sk: `TICKET#${purpose}#${round}`,
    }),
  }),
  credentialsRefusal: record({
    schema: CredentialsRefusalSchema,
    key: ({ deploymentId, mark }: { deploymentId: string; mark: string }) => ({
      pk: deployment(deploymentId),
      sk: `CREDENTIALS_REFUSED#${mark}`,
    }),
  }),
  configuration: record({
    schema: PlannedConfigurationSchema,
    key: ({ deploymentId }: { deploymentId: string }) => ({ pk: deployment(deploymentId), sk: 'CONFIGURATION' }),
  }),
  gate: record({
    schema: GateSchema,
    key: ({ deploymentId, gate }: { deploymentId: string; gate: GateName }) => ({
      pk: deployment(deploymentId),
      sk: `GATE#${gate}`,
    }),
    index: (gate) =>
      gate.status === 'open' ? { pk: `PENDING#${gate.gate}`, sk: `${gate.expiresAt}#${gate.deploymentId}` } : undefined,
  }),
  taskToken: record({
    schema: TaskTokenSchema,
    key: ({ deploymentId, gate }: { deploymentId: string; gate: GateName }) => ({
      pk: deployment(deploymentId),
      sk: `TOKEN#${gate}`,
    }),
  }),
  linkState: record({
    schema: LinkStateSchema,
    key: ({ deploymentId, gate, round, email }: LinkKey) => ({
      pk: deployment(deploymentId),
      sk: `LINK#${gate}#${round}#${email}`,
    }),
  }),
  refusalMark: record({
    schema: RefusalMarkSchema,
    key: ({ deploymentId, mark }: { deploymentId: string; mark: string }) => ({
      pk: deployment(deploymentId),
      sk: `REFUSED#${mark}`,
    }),
  }),
  deploymentEvent: record({
    schema: DeploymentEventSchema,
    key: ({ deploymentId, at, nonce }: { deploymentId: string; at: string; nonce: string }) => ({
      pk: deployment(deploymentId),
      sk: `EVENT#${at}#${nonce}`,
    }),
    appendOnly: true,
  }),
  stateClaim: record({
    schema: StateClaimSchema,
    key: ({ address }: { address: string }) => ({ pk: `STATE#${address}`, sk: 'CLAIM' }),
  }),
  hostnameClaim: record({
    schema: HostnameClaimSchema,
    key: ({ hostname }: { hostname: string }) => ({ pk: `HOSTNAME#${hostname}`, sk: 'CLAIM' }),
  }),
  consumedPlan: record({
    schema: ConsumedPlanSchema,
    key: ({ digest }: { digest: string }) => ({ pk: `PLAN#${digest}`, sk: 'CONSUMED' }),
  }),
  promotion: record({
    schema: PromotionSchema,
    key: ({ sourceDeploymentId }: { sourceDeploymentId: string }) => ({
      pk: deployment(sourceDeploymentId),
      sk: 'PROMOTION',
    }),
  }),
  // The function behind the webhook may write below this partition prefix only.
  webhookDelivery: record({
    schema: WebhookDeliverySchema,
    key: ({ mark }: { mark: string }) => ({ pk: `WEBHOOK#${mark}`, sk: 'DELIVERY' }),
  }),
  auditEntry: record({
    schema: AuditEntrySchema,
    key: ({ application, sequence }: { application: string; sequence: number }) => ({
      pk: audit(application),
      sk: `ENTRY#${paddedEntry(sequence)}`,
    }),
    appendOnly: true,
  }),
  auditHead: record({
    schema: AuditHeadSchema,
    key: ({ application }: { application: string }) => ({ pk: audit(application), sk: 'HEAD' }),
  }),
} as const;

export type Kind = keyof typeof RECORDS;
export type RecordOf<K extends Kind> = z.output<(typeof RECORDS)[K]['schema']>;
export type KeyOf<K extends Kind> = Parameters<(typeof RECORDS)[K]['key']>[0];

/** A question with many answers: one query on the table or on its index. */
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
  /** The same person as an approver of every application: one e-mail subscription serves them all. */
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
  /** Every environment that has a certificate. */
  certificates: (): Listing<'environmentDns'> => ({
    kind: 'environmentDns',
    index: 'gsi1',
    partition: 'CERTIFICATES',
    order: ascending,
  }),
  inFlight: (): Listing<'environmentState'> => ({
    kind: 'environmentState',
    index: 'gsi1',
    partition: 'IN_FLIGHT',
    order: ascending,
  }),
};
