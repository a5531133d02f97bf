import * as z from 'zod';
import { Sha256Schema } from '../names.ts';
import { OperationSchema } from '../operation.ts';
import { BackendConfigFileSchema, LockTableSchema } from './backend-settings.ts';
import { TICKET_VARIABLE, TicketSchema } from './build-credentials.ts';
import { BuildVariableSchema, MOST_CHARACTERS } from './build-variables.ts';
import { EngineNameSchema, EngineReleaseSchema, EngineVersionSchema } from './engine-release.ts';
import { IgnoredSubmodulesSchema } from './ignored-submodules.ts';

/**
 * The environment variables of builds: those that the template gives the build projects, and those that StartBuild
 * gives one build. `lib` and the functions encode the values with these schemas, and the build program decodes them
 * with the same schemas.
 */

const text = z.string().min(1).max(MOST_CHARACTERS);
/** A name that becomes part of a path. */
const pathName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'letters, digits, "-" and "_"');

/** Codec for a value of any schema as JSON text. */
const json = <Value extends z.ZodType>(value: Value) =>
  z.codec(z.string().max(MOST_CHARACTERS), value, {
    decode(given, context) {
      try {
        return JSON.parse(given);
      } catch {
        context.issues.push({ code: 'custom', message: 'not JSON', input: given });
        return z.NEVER;
      }
    },
    encode: (given) => JSON.stringify(given),
  });

/** An engine that is already on the machine. */
const InstalledEngineSchema = z.strictObject({
  name: EngineNameSchema,
  version: EngineVersionSchema,
  path: z.string().regex(/^\//, 'an absolute path'),
});

/** Where a build gets an engine of this version from. */
export const AvailableEngineSchema = z.union([EngineReleaseSchema, InstalledEngineSchema]);
export type AvailableEngine = z.infer<typeof AvailableEngineSchema>;

/** Variables that the template gives every build of a project. */
export const ProjectVariablesSchema = z.object({
  /** Directory below which builds work. It is the same in plan and apply, because plans contain absolute paths. */
  STAGEGATE_WORK: z.string().regex(/^\//, 'an absolute path'),
  /**
   * The engines that builds may run. When an application gives no version, the first engine of the wanted name is used.
   */
  STAGEGATE_ENGINES: json(z.array(AvailableEngineSchema)),
  /** URL of the control plane's API, without a trailing slash. The credentials broker is one of its routes. */
  STAGEGATE_API_URL: z.url(),
  /** `on`: providers may be taken from the artifact bucket. */
  STAGEGATE_PROVIDER_CACHE: z.enum(['on', 'off']).default('off'),
});

const everyBuild = {
  STAGEGATE_DEPLOYMENT_ID: pathName,
  STAGEGATE_APPLICATION: pathName,
  STAGEGATE_ENVIRONMENT: pathName,
  STAGEGATE_OPERATION: OperationSchema,
  /** The directory in the repository that is planned and applied. */
  STAGEGATE_DIRECTORY: text,
  STAGEGATE_REGION: text,
  STAGEGATE_ARTIFACT_BUCKET: text,
  /** Prefix of every key that the build writes. */
  STAGEGATE_RUN_PREFIX: z.string().regex(/^[^/].*\/$/, 'a key prefix that ends in "/"'),
};

/** Variables that StartBuild gives a build that works on the environment. */
const environmentBuild = {
  ...everyBuild,
  STAGEGATE_COMMIT: text,
  /** Ticket for which the credentials broker answers with credentials of the environment's role. */
  [TICKET_VARIABLE]: TicketSchema,
  STAGEGATE_STATE_BUCKET: text,
  STAGEGATE_STATE_KEY: text,
  /**
   * `fixed`: the state is at this key, whatever the directory says. `default`: the key is used when the directory gives
   * none.
   */
  STAGEGATE_STATE_KEY_RULE: z.enum(['default', 'fixed']).default('default'),
  STAGEGATE_ENGINE: EngineNameSchema,
  /** When empty, the first of the engine's versions is used. */
  STAGEGATE_ENGINE_VERSION: z.string().max(50).default(''),
  /** How long the engine waits for a lock that somebody else holds. */
  STAGEGATE_LOCK_TIMEOUT: z
    .string()
    .regex(/^\d+[smh]$/, 'a time like 5m')
    .default('5m'),
};

/** Where a build finds a kept tree, and what it is. */
const KeptTreeAddressSchema = z.strictObject({ key: text, versionId: text, sha256: Sha256Schema });
export type KeptTreeAddress = z.infer<typeof KeptTreeAddressSchema>;

/** Variables that StartBuild gives a plan build. */
export const PlanVariablesSchema = z.object({
  ...environmentBuild,
  /** Values that the plan gets from Stagegate, by the name of the variable. */
  STAGEGATE_VARIABLES: json(z.record(z.string(), BuildVariableSchema)).default({}),
  /** File that completes the backend, from the directory that is planned; empty: none. */
  STAGEGATE_BACKEND_CONFIG_FILE: z.union([z.literal(''), BackendConfigFileSchema]).default(''),
  /** The lock table that the roles of the environment may use; empty: none. */
  STAGEGATE_LOCK_TABLE: z.union([z.literal(''), LockTableSchema]).default(''),
  /**
   * `refused`: a file that may say where the state is, and that nothing uses, ends the build. The environment then has
   * no state of its own yet.
   */
  STAGEGATE_STATE_ELSEWHERE: z.enum(['refused', 'ignored']).default('ignored'),
  /** Submodules whose files the plan may do without. */
  STAGEGATE_IGNORED_SUBMODULES: json(IgnoredSubmodulesSchema).optional(),
  /** The kept tree that is planned. Without it, the checkout of the commit is planned. */
  STAGEGATE_KEPT_TREE: json(KeptTreeAddressSchema).optional(),
});

/** Variables that StartBuild gives an apply build: which bundle was approved. */
export const ApplyVariablesSchema = z.object({
  ...environmentBuild,
  STAGEGATE_BUNDLE_KEY: text,
  STAGEGATE_BUNDLE_VERSION_ID: text,
  STAGEGATE_PLAN_DIGEST: Sha256Schema,
});

/** Variables that the template gives an inspect build, which does not touch the environment's account. */
export const InspectProjectVariablesSchema = ProjectVariablesSchema.omit({ STAGEGATE_API_URL: true });

/** Variables that StartBuild gives an inspect build: which run to look at. */
export const InspectVariablesSchema = z.object(everyBuild);
