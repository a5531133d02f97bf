import type * as z from 'zod';
import type { Purpose } from '../../contract/build-source.ts';
import { padded } from '../../names.ts';
import type { GateName } from '../../policy.ts';
import { ApplicationSchema } from '../application.ts';
import { PlannedChangesSchema } from '../applied-changes.ts';
import { ApproverSchema } from '../approver.ts';
import { AuditEntrySchema, AuditHeadSchema, RefusalMarkSchema } from '../audit.ts';
import { BranchHeadSchema, PassageSchema } from '../branch-head.ts';
import { BuildTicketSchema, CredentialsRefusalSchema } from '../build-ticket.ts';
import { ApplicationReadsSchema } from '../concern/application-reads.ts';
import { ConsumedPlanSchema } from '../consumed-plan.ts';
import { DeploymentSchema } from '../deployment.ts';
import { DeploymentEventSchema } from '../deployment-event.ts';
import { HostnameClaimSchema } from '../dns/dns.ts';
import { EnvironmentSchema, KeptExternalIdSchema } from '../environment.ts';
import { EphemeralRegisterSchema } from '../ephemeral-register.ts';
import { GateSchema, TaskTokenSchema } from '../gate.ts';
import { type LinkKey, LinkStateSchema } from '../link-state.ts';
import { RefusedPushSchema, RepositoryNewsSchema } from '../news/repository-news.ts';
import { PlannedConfigurationSchema } from '../planned-configuration.ts';
import { CompositionSchema } from '../proof/composition.ts';
import { PromotionSchema, PushMarkSchema, ReleaseLogSchema, ReleaseSchema } from '../release.ts';
import { KeptRequestSchema } from '../request/kept-request.ts';
import { StateClaimSchema } from '../state-claim.ts';
import { SubscriptionSweepSchema, UnreadableRecordSchema } from '../upkeep/upkeep-records.ts';
import { WebhookDeliverySchema } from '../webhook-delivery.ts';
import { ENVIRONMENT_RECORDS } from './environment-records.ts';
import { app, audit, deployment } from './partitions.ts';
import { record } from './record.ts';

/**
 * Pads the number of an audit entry, so that the order of texts is the order of numbers. There are many more entries
 * than releases; ten digits are enough for ten thousand million.
 */
const paddedEntry = (sequence: number) => String(sequence).padStart(10, '0');

/** Every kind of record in the table: its schema, and keys with which each question needs one get or one query. */
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
    schema: KeptExternalIdSchema,
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
  repositoryNews: record({
    schema: RepositoryNewsSchema,
    key: ({ repository }: { repository: string }) => ({ pk: `REPOSITORY#${repository}`, sk: 'NEWS' }),
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
  applicationReads: record({
    schema: ApplicationReadsSchema,
    key: ({ application }: { application: string }) => ({ pk: app(application), sk: 'READS' }),
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
  ...ENVIRONMENT_RECORDS,
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
  composition: record({
    schema: CompositionSchema,
    key: ({ deploymentId }: { deploymentId: string }) => ({ pk: deployment(deploymentId), sk: 'COMPOSITION' }),
  }),
  plannedChanges: record({
    schema: PlannedChangesSchema,
    key: ({ deploymentId }: { deploymentId: string }) => ({ pk: deployment(deploymentId), sk: 'CHANGES' }),
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
  // The function behind the webhook may write below the partition prefix of these two only.
  webhookDelivery: record({
    schema: WebhookDeliverySchema,
    key: ({ mark }: { mark: string }) => ({ pk: `WEBHOOK#${mark}`, sk: 'DELIVERY' }),
  }),
  refusedPush: record({
    schema: RefusedPushSchema,
    key: ({ repository }: { repository: string }) => ({ pk: `WEBHOOK#REFUSED#${repository}`, sk: 'PUSH' }),
  }),
  // The table deletes it once it has expired.
  keptRequest: record({
    schema: KeptRequestSchema,
    key: ({ mark }: { mark: string }) => ({ pk: `REQUEST#${mark}`, sk: 'KEPT' }),
    expires: ({ expiresAt }) => expiresAt,
  }),
  unreadableRecord: record({
    schema: UnreadableRecordSchema,
    key: ({ pk, sk }: { pk: string; sk: string }) => ({ pk: 'UNREADABLE', sk: `${pk}|${sk}`.slice(0, 1000) }),
  }),
  subscriptionSweep: record({
    schema: SubscriptionSweepSchema,
    key: (_only: object) => ({ pk: 'SUBSCRIPTIONS', sk: 'SWEEP' }),
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

/** A record as it is stored: its content, its position, and the version, which every write raises. */
export interface StoredRecord {
  readonly pk: string;
  readonly sk: string;
  readonly version: number;
  readonly data: unknown;
}
