import type * as z from 'zod';
import { allowedSources } from './runtime/services/allowed-sources.ts';
import { applies } from './runtime/services/applies.ts';
import { artifacts } from './runtime/services/artifacts.ts';
import { builds } from './runtime/services/builds.ts';
import { dns } from './runtime/services/dns.ts';
import { dnsPatience } from './runtime/services/dns-patience.ts';
import { environmentRoles } from './runtime/services/environment-roles.ts';
import { ephemeralLimits } from './runtime/services/ephemeral-limits.ts';
import { events } from './runtime/services/events.ts';
import { executionsUrl } from './runtime/services/executions-url.ts';
import { firstPause } from './runtime/services/first-pause.ts';
import { leastGateExpiry } from './runtime/services/least-gate-expiry.ts';
import { links } from './runtime/services/links.ts';
import { mail } from './runtime/services/mail.ts';
import { pinnedSessionRoles } from './runtime/services/pinned-session-roles.ts';
import { priceSheetKey } from './runtime/services/price-sheet-key.ts';
import { publicUrl } from './runtime/services/public-url.ts';
import { reminderTimes } from './runtime/services/reminder-times.ts';
import { repositoryHeads } from './runtime/services/repository-heads.ts';
import { reservedAccount } from './runtime/services/reserved-account.ts';
import { scheduler } from './runtime/services/scheduler.ts';
import type { ServiceSet } from './runtime/services/service-set.ts';
import { states } from './runtime/services/states.ts';
import { store } from './runtime/services/store.ts';
import { surroundings } from './runtime/services/surroundings.ts';
import { webhookSecrets } from './runtime/services/webhook-secrets.ts';
import { workflow } from './runtime/services/workflow.ts';

/**
 * Every Lambda function with its entry file and the services it uses. Two places use the environment variables of these
 * services: at run time a missing variable stops the cold start, in `lib/` a forgotten one is a compiler error.
 */

/** The services of every function that uses records. */
const records = surroundings.and(store);
/** The services that start and stop deployments: records, executions and events. */
const deployments = records.and(workflow).and(events);

export const FUNCTIONS = {
  // api: routes that need the same permissions share a function, which dispatches on the route key
  read: {
    entry: 'lambdas/api/functions/read.ts',
    services: records.and(artifacts).and(executionsUrl),
  },
  configure: {
    entry: 'lambdas/api/functions/configure.ts',
    services: records.and(leastGateExpiry).and(allowedSources).and(reservedAccount).and(executionsUrl),
  },
  approvers: {
    entry: 'lambdas/api/functions/approvers.ts',
    services: records.and(mail).and(links).and(publicUrl).and(pinnedSessionRoles),
  },
  deploy: { entry: 'lambdas/api/functions/deploy.ts', services: deployments.and(executionsUrl).and(builds) },
  ephemeral: {
    entry: 'lambdas/api/functions/ephemeral.ts',
    services: deployments.and(ephemeralLimits).and(scheduler).and(executionsUrl),
  },
  credentials: {
    entry: 'lambdas/api/functions/credentials.ts',
    services: records.and(environmentRoles).and(builds).and(applies),
  },
  decide: {
    entry: 'lambdas/api/functions/decide.ts',
    services: records.and(workflow).and(executionsUrl),
  },
  webhook: {
    entry: 'lambdas/api/functions/webhook.ts',
    services: records.and(events).and(webhookSecrets),
  },
  open: { entry: 'lambdas/api/functions/open.ts', services: surroundings },
  'approval-page': {
    entry: 'lambdas/pages/approval-page.ts',
    services: records.and(workflow).and(artifacts).and(links),
  },
  // workflow: one function per Task state
  'acquire-environment': {
    entry: 'lambdas/workflow/acquire-environment.ts',
    services: records,
  },
  'prepare-plan': {
    entry: 'lambdas/workflow/prepare-plan.ts',
    services: records.and(artifacts),
  },
  'analyze-plan': {
    entry: 'lambdas/workflow/analyze-plan.ts',
    services: records.and(artifacts).and(priceSheetKey).and(states),
  },
  'ensure-certificate': {
    entry: 'lambdas/workflow/ensure-certificate.ts',
    services: records.and(dns).and(dnsPatience),
  },
  'request-approval': {
    entry: 'lambdas/workflow/request-approval.ts',
    services: records.and(mail).and(links).and(publicUrl).and(events),
  },
  'await-approval': { entry: 'lambdas/workflow/await-approval.ts', services: records.and(workflow) },
  'settle-gate': { entry: 'lambdas/workflow/settle-gate.ts', services: records },
  'check-plan': { entry: 'lambdas/workflow/check-plan.ts', services: records.and(states) },
  'consume-plan': { entry: 'lambdas/workflow/consume-plan.ts', services: records.and(artifacts).and(applies) },
  'inspect-failed-apply': {
    entry: 'lambdas/workflow/inspect-failed-apply.ts',
    services: records.and(artifacts).and(builds),
  },
  'record-outputs': { entry: 'lambdas/workflow/record-outputs.ts', services: records.and(artifacts) },
  'publish-dns': { entry: 'lambdas/workflow/publish-dns.ts', services: records.and(dns).and(dnsPatience) },
  'record-ending': { entry: 'lambdas/workflow/record-ending.ts', services: records.and(artifacts).and(states) },
  announce: { entry: 'lambdas/workflow/announce.ts', services: records.and(events) },
  'keep-tree': { entry: 'lambdas/workflow/keep-tree.ts', services: records.and(artifacts) },
  'release-environment': { entry: 'lambdas/workflow/release-environment.ts', services: deployments },
  // events: consumers of events of the bus and of schedules
  'register-push': { entry: 'lambdas/events/register-push.ts', services: deployments },
  'look-at-heads': { entry: 'lambdas/events/look-at-heads.ts', services: records.and(events).and(repositoryHeads) },
  promote: { entry: 'lambdas/events/promote.ts', services: deployments },
  'send-reminders': {
    entry: 'lambdas/events/send-reminders.ts',
    services: records.and(mail).and(links).and(publicUrl).and(reminderTimes),
  },
  'sweep-subscriptions': {
    entry: 'lambdas/events/sweep-subscriptions.ts',
    services: records.and(mail),
  },
  'check-records': { entry: 'lambdas/events/check-records.ts', services: records },
  'check-certificates': { entry: 'lambdas/events/check-certificates.ts', services: records.and(events).and(dns) },
  reconcile: { entry: 'lambdas/events/reconcile.ts', services: deployments.and(artifacts).and(builds) },
  'branch-gone': { entry: 'lambdas/events/branch-gone.ts', services: deployments },
  sweep: {
    entry: 'lambdas/events/sweep.ts',
    services: deployments.and(mail).and(firstPause).and(applies),
  },
} as const satisfies Record<string, { entry: string; services: ServiceSet<z.ZodRawShape, object> }>;

export type FunctionName = keyof typeof FUNCTIONS;
/** The parsed environment variables of a function. */
export type FunctionEnvironment<Name extends FunctionName> = z.infer<
  z.ZodObject<(typeof FUNCTIONS)[Name]['services']['variables']>
>;
/** The services of a function: exactly those that `FUNCTIONS` names. */
export type Services<Name extends FunctionName> = ReturnType<(typeof FUNCTIONS)[Name]['services']['from']>;

/** The functions that the `dns` role of an environment trusts: they work on DNS and certificates. */
export const DNS_FUNCTIONS = [
  'ensure-certificate',
  'publish-dns',
  'check-certificates',
] as const satisfies readonly FunctionName[];

/** The functions that read Terraform states. The `state` roles of environments trust them. */
export const STATE_READERS = ['check-plan', 'analyze-plan', 'record-ending'] as const satisfies readonly FunctionName[];
