import * as z from 'zod';
import { AppliesSchema } from '../lambdas/domain/contract/applies.ts';
import { ProjectVariablesSchema } from '../lambdas/domain/contract/build-environment-variables.ts';
import type { AllowedCredential } from '../lambdas/domain/contract/build-source.ts';
import { MOST_CHARACTERS } from '../lambdas/domain/contract/build-variables.ts';
import { BUILD_PLATFORM, EngineReleaseSchema, officialAddress } from '../lambdas/domain/contract/engine-release.ts';
import { DEFAULT_INSTALLATION, InstallationSchema } from '../lambdas/domain/contract/installation.ts';
import { RegionSchema } from '../lambdas/domain/names.ts';
import { exceededLimits } from './account-limits.ts';
import {
  ConnectionSchema,
  HeadHostSchema,
  NO_WILDCARD,
  noWildcard,
  RepositoryArnSchema,
  SecretSchema,
} from './git-host-settings.ts';
import { PINNED_ENGINE } from './pinned-engine.mjs';

/** The prefix of all configuration keys: `cdk synth -c stagegate:removalPolicy=destroy`, or `context` in cdk.json. */
const PREFIX = 'stagegate:';

/** Values given with `-c` are text; those in cdk.json may be of any JSON type. These schemas accept both. */
const number = (schema: z.ZodNumber) =>
  z.preprocess((value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value), schema);
const flag = z.preprocess((value) => (value === 'true' || value === 'false' ? value === 'true' : value), z.boolean());
const list = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (typeof value === 'string' ? parseList(value) : value), z.array(item));

function parseList(text: string): unknown {
  if (!text.trimStart().startsWith('[')) return text.split(',').map((item) => item.trim());
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Refuses repeated items. A credential is for one kind of host, so the same one for two kinds is a mistake, too. */
const withoutRepetition = [
  (items: readonly (string | AllowedCredential)[]) =>
    new Set(items.map((item) => (typeof item === 'string' ? item : item.arn))).size === items.length,
  { error: 'an entry is listed twice' },
] as const;

const RoleArnSchema = z
  .string()
  .regex(/^arn:aws[a-z-]*:iam::(?:\d{12}|\*):role\/\S+$/, 'a role ARN, with * where it may vary');
const PinnedRoleArnSchema = z
  .string()
  .refine(noWildcard, { error: NO_WILDCARD, abort: true })
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'a role ARN');
const KeyArnSchema = z
  .string()
  .regex(/^arn:aws[a-z-]*:kms:[^:]+:\d{12}:key\/[\w-]+$/, 'the ARN of a KMS key (not of an alias)');

/** The only retention periods that CloudWatch Logs accepts. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/**
 * An engine with the digest of its linux_arm64 zip. The digest is in the configuration and not fetched with the zip:
 * whoever can change one could change both. Without `url`, the zip comes from the official address of the engine.
 */
const ConfiguredEngineSchema = EngineReleaseSchema.partial({ url: true }).transform(({ url, ...release }) => ({
  ...release,
  url: url ?? officialAddress(release.name, release.version, BUILD_PLATFORM),
}));

const ConfigSchema = z.strictObject({
  /**
   * Name of this installation; it begins every physical name. It cannot be changed later: with another name, CDK makes
   * another installation, which knows nothing of the first one.
   */
  installation: InstallationSchema.default(DEFAULT_INSTALLATION),

  /** Account and region of the control plane: both or none. Without them the template fits any account and region. */
  account: z
    .string()
    .regex(/^\d{12}$/, 'an account id: 12 digits')
    .optional(),
  region: RegionSchema.optional(),

  /**
   * Receiver of alarms: an address for a new topic, or an existing topic. Without one, alarms only show in CloudWatch.
   */
  alarmEmail: z.email('an e-mail address').optional(),
  alarmTopicArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:sns:[^:]+:\d{12}:\S+$/, 'a topic ARN')
    .optional(),

  /** Connections and secrets with which config repositories and their private modules may be fetched. */
  allowedConnectionArns: list(ConnectionSchema)
    .refine(...withoutRepetition)
    .default([]),
  allowedSecretArns: list(SecretSchema)
    .refine(...withoutRepetition)
    .default([]),
  /** Config repositories in CodeCommit, which builds fetch with a role for these repositories only. */
  allowedCodeCommitArns: list(RepositoryArnSchema)
    .refine(...withoutRepetition)
    .default([]),
  /** Roles of environments with names other than the conventional <installation>-<app>-<env>-plan|apply|state|dns. */
  allowedPlanRoleArns: list(RoleArnSchema).default([]),
  allowedApplyRoleArns: list(RoleArnSchema).default([]),
  allowedStateRoleArns: list(RoleArnSchema).default([]),
  /** May include roles of accounts that have only the zone (`dns.zone.roleArn`). */
  allowedDnsRoleArns: list(RoleArnSchema).default([]),

  /** Roles whose trust policy ties the name of a session to the person. Approvers may be named by such sessions. */
  pinnedSessionRoleArns: list(PinnedRoleArnSchema).default([]),

  /**
   * The customer-managed key of the CDK bootstrap bucket, if it has one. Builds fetch their program from that bucket.
   * CDK exports the key too, but as `AWS_MANAGED_KEY` where there is none, and no policy accepts that text as a
   * resource (ADR 0060).
   */
  bootstrapKeyArn: KeyArnSchema.optional(),

  /** Engines that builds may install. Applications that name no version get the first engine with the name. */
  engineVersions: list(ConfiguredEngineSchema).prefault([
    { name: PINNED_ENGINE.name, version: PINNED_ENGINE.version, sha256: PINNED_ENGINE.sha256[BUILD_PLATFORM] },
  ]),
  /**
   * Whether builds look for providers in the artifact bucket before they ask registries, and inspect builds add missing
   * providers to it.
   */
  providerCache: flag.default(true),
  /** Timeout of builds that plan, and of builds that inspect a plan. */
  planTimeoutMinutes: number(z.number().int().min(5).max(480)).default(60),
  /** Timeout of builds that apply. It is long: databases take their time, and a stopped build leaves half an apply. */
  applyTimeoutMinutes: number(z.number().int().min(5).max(480)).default(240),

  /**
   * Whether plans are applied. `banned` makes every plan wait that may be applied, and gives credentials only to applies
   * that have begun before (docs/restoring.md).
   */
  applies: AppliesSchema.default('allowed'),

  /** The shortest life that a policy may give a gate. People need time to read; minutes are for trials only. */
  leastGateExpirySeconds: number(z.number().int().min(1).max(5_184_000)).default(3600),

  /**
   * Whether environments may be in the account of the control plane. There, anyone who applies an environment with the
   * usual AdministratorAccess can change Stagegate (docs/threat-model.md).
   */
  allowControlAccountAsTarget: flag.default(false),

  /** The most ephemeral environments that may be live at the same time, of one application and of all. */
  mostEphemeralPerApplication: number(z.number().int().min(0).max(100)).default(5),
  mostEphemeralInAll: number(z.number().int().min(0).max(500)).default(20),
  /** The shortest life that an ephemeral environment may be given. The longest is 30 days. */
  leastTtlSeconds: number(z.number().int().min(1).max(2_592_000)).default(3600),
  /** The pause after the first failed destruction of an ephemeral environment. It doubles each time, up to an hour. */
  firstDestroyPauseSeconds: number(z.number().int().min(1).max(3600)).default(60),

  /** Origin that mails name, if something is in front of the API, such as CloudFront. */
  publicUrl: z
    .url({ protocol: /^https$/, error: 'an https address', abort: true })
    .refine((url) => url === new URL(url).origin, { error: 'an address without a path or a slash at its end' })
    .optional(),
  /** Path of this API below which executions are shown, for the local cloud, which does not have AWS's console. */
  executionsPath: z
    .string()
    .regex(/^(?:\/[\w-]+)+$/, 'a path like /local/executions')
    .optional(),
  /**
   * The valid generations of the webhook secret: two while the second replaces the first, and none (`[]`) to refuse all
   * webhooks.
   */
  webhookGenerations: list(number(z.number().int().min(1).max(1_000_000)))
    .pipe(z.array(z.number()).max(2))
    .default([1]),
  /**
   * Hosts, or owners on a host, whose public https repositories are asked for their heads every hour, so that a push of
   * which no webhook told becomes a release after all. Without any, there is no function that asks.
   */
  headHosts: list(HeadHostSchema)
    .refine(...withoutRepetition)
    .default([]),
  /**
   * When approvers who have not decided are reminded: after the gate opened, and before it expires (at most a quarter
   * of its life).
   */
  firstReminderSeconds: number(z.number().int().min(1).max(5_184_000)).default(86_400),
  lastReminderSeconds: number(z.number().int().min(1).max(5_184_000)).default(86_400),
  /** How often a deployment checks whether its certificate is issued and its records in sync, and how long in all. */
  dnsPollSeconds: number(z.number().int().min(1).max(600)).default(30),
  certificateWaitSeconds: number(z.number().int().min(1).max(259_200)).default(3600),
  dnsChangeWaitSeconds: number(z.number().int().min(1).max(86_400)).default(900),
  /** How often every certificate is checked: whether it was renewed, is failing or is about to expire. */
  certificateCheckHours: number(z.number().int().min(1).max(168)).default(6),

  logRetentionDays: number(z.number()).pipe(z.literal(RETENTION_DAYS)).default(365),
  /**
   * An existing table for the records, in the place of the stack's own: one that was restored from a backup
   * (docs/restoring.md). It must have the same keys, index and encryption key.
   */
  tableName: z
    .string()
    .regex(/^[\w.-]{3,255}$/, 'the name of a DynamoDB table')
    .optional(),
  /** What happens to records, bundles and keys when the stack is deleted. */
  removalPolicy: z.enum(['retain', 'destroy']).default('retain'),

  /**
   * Requests per second and burst of each route. Public routes get less: they need less, and anyone can call them. The
   * webhook needs bursts: git hosts send a delivery for each of many branches at once, and do not send a refused one
   * again.
   */
  requestRate: number(z.number().int().min(1).max(10_000)).default(50),
  requestBurst: number(z.number().int().min(1).max(5_000)).default(100),
  publicRequestRate: number(z.number().int().min(1).max(10_000)).default(5),
  publicRequestBurst: number(z.number().int().min(1).max(5_000)).default(10),
  webhookRequestRate: number(z.number().int().min(1).max(10_000)).default(20),
  webhookRequestBurst: number(z.number().int().min(1).max(5_000)).default(200),
  linkRequestRate: number(z.number().int().min(1).max(10_000)).default(10),
  linkRequestBurst: number(z.number().int().min(1).max(5_000)).default(40),
  /**
   * Concurrent executions that Lambda reserves for the pages behind approval links, which are also the most that a
   * flood of links can take. Without it nothing is reserved: an account must keep 100 unreserved ones, and a new account
   * has 10 in all, so that a deployment with a reservation would fail there.
   */
  linkConcurrency: number(z.number().int().min(1).max(1000)).optional(),
});
export type Config = z.infer<typeof ConfigSchema>;

const CompleteConfigSchema = ConfigSchema.superRefine((config, context) => {
  const { account, region, alarmEmail, alarmTopicArn, engineVersions } = config;
  const report = (key: keyof Config, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (account && !region) report('region', `is needed beside account ${account}`);
  if (region && !account) report('account', `is needed beside region ${region}`);
  if (alarmEmail && alarmTopicArn) report('alarmEmail', `cannot be combined with alarmTopicArn ${alarmTopicArn}`);
  if (engineVersions.length === 0) report('engineVersions', 'at least one engine is needed');
  else if (!ProjectVariablesSchema.shape.STAGEGATE_ENGINES.safeEncode(engineVersions).success)
    report('engineVersions', `does not fit into one environment variable of a build (${MOST_CHARACTERS} characters)`);
  for (const { key, message } of exceededLimits(config)) report(key, message);
});

/** Thrown for mistakes in the configuration. The message has one line per mistake, with key and value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * Reads the configuration from CDK context. Throws ConfigurationError for any mistake, including unknown keys with
 * Stagegate's prefix. Other keys are ignored.
 */
export function parseConfig(context: Readonly<Record<string, unknown>>): Config {
  const given = Object.fromEntries(
    Object.entries(context).flatMap(([key, value]) =>
      key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value]] : [],
    ),
  );
  const result = CompleteConfigSchema.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0
      ? issue.keys.map((key) => describe(given, [key], `is no key of Stagegate; known: ${KNOWN_KEYS}`))
      : [describe(given, issue.path, issue.message)],
  );
  throw new ConfigurationError(`configuration in CDK context:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

const KNOWN_KEYS = Object.keys(ConfigSchema.shape).join(', ');

function describe(given: Readonly<Record<string, unknown>>, path: readonly PropertyKey[], message: string): string {
  const [key = '', ...rest] = path.map(String);
  return `${PREFIX}${[key, ...rest].join('.')}: ${message} (got ${JSON.stringify(given[key])})`;
}
