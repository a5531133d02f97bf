import * as z from 'zod';
import { Sha256Schema } from '../names.ts';
import { OperationSchema } from '../operation.ts';
import { TICKET_VARIABLE, TicketSchema } from './build-credentials.ts';
import { BuildVariableSchema, MOST_CHARACTERS } from './build-variables.ts';
import { EngineNameSchema, EngineReleaseSchema, EngineVersionSchema } from './engine-release.ts';

/**
 * The environment variables of builds: those that the template gives its projects and those that StartBuild gives one
 * build. `lib` and the functions encode their values by these schemas, the build program decodes them by the same ones.
 */

const text = z.string().min(1).max(MOST_CHARACTERS);
/** Names become parts of paths. */
const pathName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'letters, digits, "-" and "_"');

/** A value of any schema as JSON text. */
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

/** An engine that is on the machine already. */
const InstalledEngineSchema = z.strictObject({
  name: EngineNameSchema,
  version: EngineVersionSchema,
  path: z.string().regex(/^\//, 'an absolute path'),
});

/** Where a build gets an engine of this version from. */
export const AvailableEngineSchema = z.union([EngineReleaseSchema, InstalledEngineSchema]);
export type AvailableEngine = z.infer<typeof AvailableEngineSchema>;

/** What the template tells every build of a project. */
export const ProjectVariablesSchema = z.object({
  /** Directory below which builds work; the same in plan and apply, because plans hold absolute paths. */
  STAGEGATE_WORK: z.string().regex(/^\//, 'an absolute path'),
  /** The engines that builds may run; the first of a name is used where an application names no version. */
  STAGEGATE_ENGINES: json(z.array(AvailableEngineSchema)),
  /** Of the control plane's API, without a trailing slash: the credentials broker is behind it. */
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
  /** Begins every key that the build writes. */
  STAGEGATE_RUN_PREFIX: z.string().regex(/^[^/].*\/$/, 'a key prefix that ends in "/"'),
};

/** What StartBuild tells a build that works on the environment. */
const environmentBuild = {
  ...everyBuild,
  STAGEGATE_COMMIT: text,
  /** For this, the credentials broker answers with credentials of the environment's role. */
  [TICKET_VARIABLE]: TicketSchema,
  STAGEGATE_STATE_BUCKET: text,
  STAGEGATE_STATE_KEY: text,
  /** `fixed`: the state is at this key whatever the directory says; `default`: where it says nothing. */
  STAGEGATE_STATE_KEY_RULE: z.enum(['default', 'fixed']).default('default'),
  STAGEGATE_ENGINE: EngineNameSchema,
  /** Empty: the first of the engine's versions. */
  STAGEGATE_ENGINE_VERSION: z.string().max(50).default(''),
  /** How long the engine waits for a lock that somebody else holds. */
  STAGEGATE_LOCK_TIMEOUT: z
    .string()
    .regex(/^\d+[smh]$/, 'a time like 5m')
    .default('5m'),
};

/** What StartBuild tells a plan build. */
export const PlanVariablesSchema = z.object({
  ...environmentBuild,
  /** Values that the plan gets from Stagegate, by the name of the variable. */
  STAGEGATE_VARIABLES: json(z.record(z.string(), BuildVariableSchema)).default({}),
});

/** What StartBuild tells an apply build: which bundle was approved. */
export const ApplyVariablesSchema = z.object({
  ...environmentBuild,
  STAGEGATE_BUNDLE_KEY: text,
  STAGEGATE_BUNDLE_VERSION_ID: text,
  STAGEGATE_PLAN_DIGEST: Sha256Schema,
});

/** What the template tells an inspect build, which has nothing to do with the environment's account. */
export const InspectProjectVariablesSchema = ProjectVariablesSchema.omit({ STAGEGATE_API_URL: true });

/** What StartBuild tells an inspect build: which run to look at. */
export const InspectVariablesSchema = z.object(everyBuild);
