import { randomBytes } from 'node:crypto';
import type * as z from 'zod';
import type { ReminderTimes } from '../domain/approval/send-reminders.ts';
import type { Patience } from '../domain/model/dns/dns.ts';
import type { EphemeralLimits } from '../domain/model/ephemeral-register.ts';
import type {
  ApproverMail,
  ArtifactStore,
  Builds,
  EnvironmentRoles,
  EventBus,
  LinkSigner,
  Scheduler,
  StateReader,
  Store,
  Surroundings,
  WebhookSecrets,
  Workflow,
} from '../domain/ports.ts';
import { FUNCTIONS, type FunctionEnvironment, type FunctionName } from '../functions.ts';
import { lazyPort } from './lazy-port.ts';

/** What a function may use: exactly the services its environment variables speak of. */
export type Services<Name extends FunctionName> = Provided<FunctionEnvironment<Name>>;

/** Names of the variables; a schema without any infers as a record of whatever name. */
type VariablesOf<Environment> = string extends keyof Environment ? never : keyof Environment;

type Provided<Environment> = {
  readonly surroundings: Surroundings;
  readonly builds: Builds;
  readonly states: StateReader;
} & ('TABLE_NAME' extends VariablesOf<Environment> ? { readonly store: Store } : unknown) &
  ('ARTIFACT_BUCKET' extends VariablesOf<Environment> ? { readonly artifacts: ArtifactStore } : unknown) &
  ('STATE_MACHINE_ARN' extends VariablesOf<Environment> ? { readonly workflow: Workflow } : unknown) &
  ('EVENT_BUS_NAME' extends VariablesOf<Environment> ? { readonly events: EventBus } : unknown) &
  ('TOPIC_ARN' extends VariablesOf<Environment> ? { readonly mail: ApproverMail } : unknown) &
  ('LINK_KEY_ID' extends VariablesOf<Environment> ? { readonly links: LinkSigner } : unknown) &
  ('WEBHOOK_KEY_ID' extends VariablesOf<Environment> ? { readonly webhookSecrets: WebhookSecrets } : unknown) &
  ('PUBLIC_URL' extends VariablesOf<Environment> ? { readonly publicUrl: string } : unknown) &
  ('PRICE_SHEET_KEY' extends VariablesOf<Environment> ? { readonly priceSheetKey: string } : unknown) &
  ('EXECUTIONS_URL' extends VariablesOf<Environment> ? { readonly executionsUrl?: string } : unknown) &
  ('LEAST_GATE_EXPIRY_SECONDS' extends VariablesOf<Environment>
    ? { readonly leastGateExpirySeconds: number }
    : unknown) &
  ('CONTROL_ACCOUNT' extends VariablesOf<Environment>
    ? { readonly controlAccount: string; readonly environmentRoles: EnvironmentRoles }
    : unknown) &
  ('PINNED_SESSION_ROLES' extends VariablesOf<Environment>
    ? { readonly pinnedSessionRoles: readonly string[] }
    : unknown) &
  ('RESERVED_ACCOUNT' extends VariablesOf<Environment> ? { readonly reservedAccount: string } : unknown) &
  ('ALLOWED_SOURCES' extends VariablesOf<Environment> ? { readonly allowedSources: readonly string[] } : unknown) &
  ('SCHEDULE_GROUP' extends VariablesOf<Environment> ? { readonly scheduler: Scheduler } : unknown) &
  ('MOST_EPHEMERAL_IN_ALL' extends VariablesOf<Environment> ? { readonly limits: EphemeralLimits } : unknown) &
  ('LEAST_TTL_SECONDS' extends VariablesOf<Environment> ? { readonly leastTtlSeconds: number } : unknown) &
  ('FIRST_PAUSE_SECONDS' extends VariablesOf<Environment> ? { readonly firstPauseSeconds: number } : unknown) &
  ('FIRST_REMINDER_SECONDS' extends VariablesOf<Environment> ? { readonly reminderTimes: ReminderTimes } : unknown) &
  ('DNS_POLL_SECONDS' extends VariablesOf<Environment> ? { readonly patience: Patience } : unknown);

/** The real world. */
export const SURROUNDINGS: Surroundings = {
  now: () => new Date().toISOString(),
  randomHex: (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
};

/**
 * The composition root: parses the function's environment and names the adapter of each port. Throws at cold start,
 * naming what is missing; an adapter is loaded when it is first used.
 */
export function servicesOf<Name extends FunctionName>(
  name: Name,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Services<Name> {
  const schema: z.ZodObject = FUNCTIONS[name].environment;
  const environment: Readonly<Record<string, unknown>> = schema.parse(variables);
  const text = (key: string): string | undefined =>
    typeof environment[key] === 'string' ? environment[key] : undefined;
  const when = <T>(key: string, make: (value: string) => T): T | undefined => {
    const value = text(key);
    return value === undefined ? undefined : make(value);
  };
  const listed = (key: string): string[] => (text(key) ?? '').split(',').filter(Boolean);
  const services = {
    surroundings: SURROUNDINGS,
    builds: lazyPort<Builds>(async () => new (await import('../adapters/codebuild-builds.ts')).CodeBuildBuilds()),
    states: lazyPort<StateReader>(async () => new (await import('../adapters/s3-state-reader.ts')).S3StateReader()),
    store: when('TABLE_NAME', (table) =>
      lazyPort<Store>(async () => new (await import('../adapters/dynamo-store.ts')).DynamoStore(table)),
    ),
    artifacts: when('ARTIFACT_BUCKET', (bucket) =>
      lazyPort<ArtifactStore, 'bucket'>(
        async () => new (await import('../adapters/s3-artifact-store.ts')).S3ArtifactStore(bucket),
        { bucket },
      ),
    ),
    workflow: when('STATE_MACHINE_ARN', (arn) =>
      lazyPort<Workflow>(
        async () => new (await import('../adapters/step-functions-workflow.ts')).StepFunctionsWorkflow(arn),
      ),
    ),
    events: when('EVENT_BUS_NAME', (bus) =>
      lazyPort<EventBus>(async () => new (await import('../adapters/event-bridge-bus.ts')).EventBridgeBus(bus)),
    ),
    mail: when('TOPIC_ARN', (topic) =>
      lazyPort<ApproverMail>(async () => new (await import('../adapters/sns-approver-mail.ts')).SnsApproverMail(topic)),
    ),
    links: when('LINK_KEY_ID', (key) =>
      lazyPort<LinkSigner>(async () => new (await import('../adapters/kms-link-signer.ts')).KmsLinkSigner(key)),
    ),
    webhookSecrets: when('WEBHOOK_KEY_ID', (key) =>
      lazyPort<WebhookSecrets>(
        async () =>
          new (await import('../adapters/kms-webhook-secrets.ts')).KmsWebhookSecrets(
            key,
            listed('WEBHOOK_GENERATIONS'),
          ),
      ),
    ),
    patience: {
      pollSeconds: environment.DNS_POLL_SECONDS,
      certificateSeconds: environment.CERTIFICATE_WAIT_SECONDS,
      changeSeconds: environment.DNS_CHANGE_WAIT_SECONDS,
    },
    leastGateExpirySeconds: environment.LEAST_GATE_EXPIRY_SECONDS,
    controlAccount: when('CONTROL_ACCOUNT', (account) => account),
    environmentRoles: when('CONTROL_ACCOUNT', () =>
      lazyPort<EnvironmentRoles>(
        async () => new (await import('../adapters/sts-environment-roles.ts')).StsEnvironmentRoles(),
      ),
    ),
    pinnedSessionRoles: when('PINNED_SESSION_ROLES', () => listed('PINNED_SESSION_ROLES')),
    reservedAccount: when('RESERVED_ACCOUNT', (account) => account),
    allowedSources: when('ALLOWED_SOURCES', () => listed('ALLOWED_SOURCES')),
    scheduler: when('SCHEDULE_GROUP', (group) =>
      lazyPort<Scheduler>(
        async () =>
          new (await import('../adapters/event-bridge-scheduler.ts')).EventBridgeScheduler({
            group,
            roleArn: text('SCHEDULE_ROLE_ARN') ?? '',
            functionArn: text('WAKE_UP_FUNCTION_ARN') ?? '',
          }),
      ),
    ),
    limits: {
      perApplication: environment.MOST_EPHEMERAL_PER_APPLICATION,
      inAll: environment.MOST_EPHEMERAL_IN_ALL,
    },
    leastTtlSeconds: environment.LEAST_TTL_SECONDS,
    firstPauseSeconds: environment.FIRST_PAUSE_SECONDS,
    priceSheetKey: text('PRICE_SHEET_KEY'),
    executionsUrl: text('EXECUTIONS_URL'),
    reminderTimes: {
      firstReminderSeconds: environment.FIRST_REMINDER_SECONDS,
      lastReminderSeconds: environment.LAST_REMINDER_SECONDS,
    },
    publicUrl: when('PUBLIC_URL', (url) => url.replace(/\/$/, '')),
  };
  // Each key is there exactly when its variable is in the schema: the mapping `Provided` states, checked by services.test.ts.
  return services as unknown as Services<Name>;
}
