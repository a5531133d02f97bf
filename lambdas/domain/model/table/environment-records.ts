import { padded } from '../../names.ts';
import { AppliedChangesSchema, FirstApplySchema } from '../applied-changes.ts';
import { DeliverySchema } from '../delivery/delivery.ts';
import { EnvironmentDnsSchema } from '../dns/dns.ts';
import { EnvironmentEventSchema } from '../environment-event.ts';
import { EnvironmentStateSchema, OutcomeSchema } from '../environment-state.ts';
import { KeptTreesSchema } from '../kept/kept-trees.ts';
import { ProtectionLiftsSchema } from '../lifts/protection-lift.ts';
import { OutputsSchema } from '../outputs.ts';
import { LedgerPageSchema } from '../proof/ledger.ts';
import { ProofLiftsSchema } from '../proof/proof-lift.ts';
import { KeptStateAddressSchema } from '../state-claim.ts';
import { OwedPromotionSchema } from '../upkeep/upkeep-records.ts';
import { env } from './partitions.ts';
import { record } from './record.ts';

/** The kinds of records about what happens in one environment; all of an environment's stand in one partition. */
export const ENVIRONMENT_RECORDS = {
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
  delivery: record({
    schema: DeliverySchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'DELIVERY',
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
  proofLifts: record({
    schema: ProofLiftsSchema,
    key: ({ application, environment, subject }: { application: string; environment: string; subject: string }) => ({
      pk: env(application, environment),
      sk: `PROOF_LIFTS#${subject}`,
    }),
  }),
  ledgerPage: record({
    schema: LedgerPageSchema,
    key: ({ application, environment, page }: { application: string; environment: string; page: string }) => ({
      pk: env(application, environment),
      sk: `LEDGER#${page}`,
    }),
  }),
  stateAddress: record({
    schema: KeptStateAddressSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'STATE_ADDRESS',
    }),
  }),
  keptTrees: record({
    schema: KeptTreesSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'KEPT_TREES',
    }),
    index: ({ application, environment, dropped }) =>
      dropped.length > 0 ? { pk: 'DROPPED_TREES', sk: `${application}#${environment}` } : undefined,
  }),
  owedPromotion: record({
    schema: OwedPromotionSchema,
    key: ({ application, environment }: { application: string; environment: string }) => ({
      pk: env(application, environment),
      sk: 'OWED_PROMOTION',
    }),
    index: ({ application, environment }) => ({ pk: 'OWED_PROMOTIONS', sk: `${application}#${environment}` }),
  }),
  appliedChanges: record({
    schema: AppliedChangesSchema,
    key: ({ application, environment, order }: { application: string; environment: string; order: number }) => ({
      pk: env(application, environment),
      sk: `APPLY#${padded(order)}`,
    }),
  }),
  firstApply: record({
    schema: FirstApplySchema,
    key: ({ application, environment, release }: { application: string; environment: string; release: number }) => ({
      pk: env(application, environment),
      sk: `FIRST_APPLY#${padded(release)}`,
    }),
  }),
} as const;
