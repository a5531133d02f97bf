import * as z from 'zod';

/**
 * Every Lambda function: its entry, and the environment variables it needs. The schemas are read twice: at run time,
 * where a missing variable stops the cold start, and by `lib/`, where a forgotten one fails the compiler.
 */

const Store = z.object({ TABLE_NAME: z.string().min(1) });
const Artifacts = z.object({ ARTIFACT_BUCKET: z.string().min(3) });
/** Key of the price sheet an installation keeps for itself, in the same bucket. */
const PriceSheet = z.object({ PRICE_SHEET_KEY: z.string().min(1) });
const Workflow = z.object({ STATE_MACHINE_ARN: z.string().startsWith('arn:') });
const Events = z.object({ EVENT_BUS_NAME: z.string().min(1) });
const Mail = z.object({ TOPIC_ARN: z.string().startsWith('arn:') });
const LinkKey = z.object({ LINK_KEY_ID: z.string().min(1) });
const Webhook = z.object({
  WEBHOOK_KEY_ID: z.string().min(1),
  /** Generations of the secret that are valid, comma-separated; none switches webhooks off. */
  WEBHOOK_GENERATIONS: z.string().regex(/^(?:\d+(?:,\d+)*)?$/),
});
/** The API's own address, without a trailing slash: approval links begin with it. */
const PublicUrl = z.object({ PUBLIC_URL: z.url() });

/** Where executions are looked at, if not in AWS's console: pages below which there is one per machine and execution. */
const Executions = z.object({ EXECUTIONS_URL: z.url().optional() });

/** The shortest life a policy may give a gate: an hour, less where somebody tries things out. */
const Limits = z.object({ LEAST_GATE_EXPIRY_SECONDS: z.coerce.number().int().min(1) });

/** Names of the connections, secrets and repositories with which builds may fetch (`lambdas/domain/contract/build-source.ts`). */
const Sources = z.object({ ALLOWED_SOURCES: z.string().regex(/^(?:[a-z0-9-]+(?:,[a-z0-9-]+)*)?$/) });

/** ARNs of the roles whose sessions bear the name of the person, comma-separated. */
const PinnedSessions = z.object({ PINNED_SESSION_ROLES: z.string() });

/** The account of the control plane: of its builds, and of nobody else. */
const ControlAccount = z.object({ CONTROL_ACCOUNT: z.string().regex(/^\d{12}$/) });

/** The account of the control plane, in which no environment may be; empty where it may. */
const Reserved = z.object({ RESERVED_ACCOUNT: z.string().regex(/^(?:\d{12})?$/) });

/** How many ephemeral environments there may be, and how short their lives. */
const EphemeralLimits = z.object({
  MOST_EPHEMERAL_PER_APPLICATION: z.coerce.number().int().min(0),
  MOST_EPHEMERAL_IN_ALL: z.coerce.number().int().min(0),
  LEAST_TTL_SECONDS: z.coerce.number().int().min(1),
});

/** Wake-ups: schedules of this group invoke the function by the role. */
const WakeUps = z.object({
  SCHEDULE_GROUP: z.string().min(1),
  SCHEDULE_ROLE_ARN: z.string().startsWith('arn:'),
  WAKE_UP_FUNCTION_ARN: z.string().startsWith('arn:'),
});

/** When who has not decided is reminded: seconds after the gate was opened, and seconds before it expires. */
const Reminders = z.object({
  FIRST_REMINDER_SECONDS: z.coerce.number().int().min(1),
  LAST_REMINDER_SECONDS: z.coerce.number().int().min(1),
});
/** How often DNS and certificates are looked at, and how long they are waited for in all. */
const Patience = z.object({
  DNS_POLL_SECONDS: z.coerce.number().int().min(1),
  CERTIFICATE_WAIT_SECONDS: z.coerce.number().int().min(1),
  DNS_CHANGE_WAIT_SECONDS: z.coerce.number().int().min(1),
});

/** What stops and starts deployments: records, executions and events. */
const Deployments = Store.extend(Workflow.shape).extend(Events.shape);

export const FUNCTIONS = {
  // api: grouped by permissions, dispatched on the route key
  read: {
    entry: 'lambdas/api/functions/read.ts',
    environment: Store.extend(Artifacts.shape).extend(Executions.shape),
  },
  configure: {
    entry: 'lambdas/api/functions/configure.ts',
    environment: Store.extend(Limits.shape).extend(Sources.shape).extend(Reserved.shape).extend(Executions.shape),
  },
  approvers: {
    entry: 'lambdas/api/functions/approvers.ts',
    environment: Store.extend(Mail.shape).extend(LinkKey.shape).extend(PublicUrl.shape).extend(PinnedSessions.shape),
  },
  deploy: { entry: 'lambdas/api/functions/deploy.ts', environment: Deployments.extend(Executions.shape) },
  ephemeral: {
    entry: 'lambdas/api/functions/ephemeral.ts',
    environment: Deployments.extend(EphemeralLimits.shape).extend(WakeUps.shape).extend(Executions.shape),
  },
  credentials: {
    entry: 'lambdas/api/functions/credentials.ts',
    environment: Store.extend(ControlAccount.shape),
  },
  decide: {
    entry: 'lambdas/api/functions/decide.ts',
    environment: Store.extend(Workflow.shape).extend(Executions.shape),
  },
  webhook: {
    entry: 'lambdas/api/functions/webhook.ts',
    environment: Store.extend(Events.shape).extend(Webhook.shape),
  },
  open: { entry: 'lambdas/api/functions/open.ts', environment: z.object({}) },
  'approval-page': {
    entry: 'lambdas/pages/approval-page.ts',
    environment: Store.extend(Workflow.shape).extend(Artifacts.shape).extend(LinkKey.shape),
  },
  // workflow: one function per Task state
  'acquire-environment': {
    entry: 'lambdas/workflow/acquire-environment.ts',
    environment: Store,
  },
  'prepare-plan': {
    entry: 'lambdas/workflow/prepare-plan.ts',
    environment: Store.extend(Artifacts.shape),
  },
  'analyze-plan': {
    entry: 'lambdas/workflow/analyze-plan.ts',
    environment: Store.extend(Artifacts.shape).extend(PriceSheet.shape),
  },
  'ensure-certificate': {
    entry: 'lambdas/workflow/ensure-certificate.ts',
    environment: Store.extend(Patience.shape),
  },
  'request-approval': {
    entry: 'lambdas/workflow/request-approval.ts',
    environment: Store.extend(Mail.shape).extend(LinkKey.shape).extend(PublicUrl.shape).extend(Events.shape),
  },
  'await-approval': { entry: 'lambdas/workflow/await-approval.ts', environment: Store.extend(Workflow.shape) },
  'settle-gate': { entry: 'lambdas/workflow/settle-gate.ts', environment: Store },
  'check-plan': { entry: 'lambdas/workflow/check-plan.ts', environment: Store },
  'consume-plan': { entry: 'lambdas/workflow/consume-plan.ts', environment: Store.extend(Artifacts.shape) },
  'inspect-failed-apply': {
    entry: 'lambdas/workflow/inspect-failed-apply.ts',
    environment: Store.extend(Artifacts.shape),
  },
  'record-outputs': { entry: 'lambdas/workflow/record-outputs.ts', environment: Store.extend(Artifacts.shape) },
  'publish-dns': { entry: 'lambdas/workflow/publish-dns.ts', environment: Store.extend(Patience.shape) },
  'record-ending': { entry: 'lambdas/workflow/record-ending.ts', environment: Store.extend(Artifacts.shape) },
  announce: { entry: 'lambdas/workflow/announce.ts', environment: Store.extend(Events.shape) },
  'release-environment': { entry: 'lambdas/workflow/release-environment.ts', environment: Deployments },
  // events: consumers of the bus and the clock
  'register-push': { entry: 'lambdas/events/register-push.ts', environment: Deployments },
  promote: { entry: 'lambdas/events/promote.ts', environment: Deployments },
  'send-reminders': {
    entry: 'lambdas/events/send-reminders.ts',
    environment: Store.extend(Mail.shape).extend(LinkKey.shape).extend(PublicUrl.shape).extend(Reminders.shape),
  },
  'sweep-subscriptions': {
    entry: 'lambdas/events/sweep-subscriptions.ts',
    environment: Store.extend(Mail.shape),
  },
  'check-certificates': { entry: 'lambdas/events/check-certificates.ts', environment: Store.extend(Events.shape) },
  reconcile: { entry: 'lambdas/events/reconcile.ts', environment: Deployments.extend(Artifacts.shape) },
  'branch-gone': { entry: 'lambdas/events/branch-gone.ts', environment: Deployments },
  sweep: {
    entry: 'lambdas/events/sweep.ts',
    environment: Deployments.extend(Mail.shape).extend({ FIRST_PAUSE_SECONDS: z.coerce.number().int().min(1) }),
  },
} as const satisfies Record<string, { entry: string; environment: z.ZodObject }>;

export type FunctionName = keyof typeof FUNCTIONS;
export type FunctionEnvironment<Name extends FunctionName> = z.infer<(typeof FUNCTIONS)[Name]['environment']>;

/** The functions that read Terraform states: the `state` roles of environments trust them. */
export const STATE_READERS = ['check-plan', 'analyze-plan', 'record-ending'] as const satisfies readonly FunctionName[];
