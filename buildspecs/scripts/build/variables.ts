import { join } from 'node:path';
import * as z from 'zod';
import { PhaseError } from './failure.ts';

const required = z.string().min(1);
/** Names become parts of paths below STAGEGATE_WORK. */
const PathNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'letters, digits, "-" and "_"');

/** Values that the plan gets from Stagegate, by variable name. */
const GeneratedVariablesSchema = z.record(
  z.string(),
  z.object({ value: z.json(), mode: z.enum(['required', 'when-declared']) }),
);
export type GeneratedVariables = z.infer<typeof GeneratedVariablesSchema>;

/** What StartBuild and the project tell every build. */
const BuildVariablesSchema = z.object({
  STAGEGATE_DEPLOYMENT_ID: PathNameSchema,
  STAGEGATE_APPLICATION: PathNameSchema,
  STAGEGATE_ENVIRONMENT: PathNameSchema,
  STAGEGATE_OPERATION: z.enum(['deploy', 'rollback', 'destroy']),
  STAGEGATE_DIRECTORY: required,
  STAGEGATE_COMMIT: required,
  STAGEGATE_REGION: required,
  STAGEGATE_ROLE_ARN: required,
  STAGEGATE_EXTERNAL_ID: required,
  STAGEGATE_STATE_BUCKET: required,
  STAGEGATE_STATE_KEY: required,
  /** `fixed`: the state is at this key whatever the directory says; `default`: where it says nothing. */
  STAGEGATE_STATE_KEY_RULE: z.enum(['default', 'fixed']).default('default'),
  STAGEGATE_ARTIFACT_BUCKET: required,
  STAGEGATE_RUN_PREFIX: z.string().regex(/^[^/].*\/$/, 'a key prefix that ends in "/"'),
  STAGEGATE_ENGINE: z.enum(['terraform', 'tofu']),
  STAGEGATE_WORK: z.string().regex(/^\//, 'an absolute path'),
});
export type BuildVariables = z.infer<typeof BuildVariablesSchema>;

/** What a plan is told besides. */
const PlanVariablesSchema = z.object({
  STAGEGATE_VARIABLES: z
    .string()
    .default('{}')
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('not JSON');
        return z.NEVER;
      }
    })
    .pipe(GeneratedVariablesSchema),
});
export type PlanVariables = z.infer<typeof PlanVariablesSchema>;

/** What an apply is told besides: which bundle was approved. */
const ApplyVariablesSchema = z.object({
  STAGEGATE_BUNDLE_KEY: required,
  STAGEGATE_BUNDLE_VERSION_ID: required,
  STAGEGATE_PLAN_DIGEST: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 digest in hexadecimal'),
});
export type ApplyVariables = z.infer<typeof ApplyVariablesSchema>;

function parseVariables<T extends z.ZodType>(schema: T, phase: string): z.infer<T> {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new PhaseError(phase, `reading the build's variables: ${wrong}`);
}

/** Reads the variables of any build; names every missing one at once. */
export const readVariables = (): BuildVariables => parseVariables(BuildVariablesSchema, 'checkout');

/** Reads the variables that only a plan has. */
export const readPlanVariables = (): PlanVariables => parseVariables(PlanVariablesSchema, 'variables');

/** Reads the variables that only an apply has. */
export const readApplyVariables = (): ApplyVariables => parseVariables(ApplyVariablesSchema, 'started');

/** The files of one build below STAGEGATE_WORK; the same absolute paths in the plan and the apply of an environment. */
export function workPaths(variables: BuildVariables) {
  const base = join(variables.STAGEGATE_WORK, variables.STAGEGATE_APPLICATION, variables.STAGEGATE_ENVIRONMENT);
  const inBase = (name: string) => join(base, name);
  return {
    base,
    /** The repository, without .git. */
    tree: inBase('tree'),
    /** The directory that is planned and applied. */
    directory: join(base, 'tree', variables.STAGEGATE_DIRECTORY),
    plan: inBase('plan.tfplan'),
    /** Name and version of the engine that made the plan; part of the bundle. */
    engine: inBase('engine.json'),
    /** `-backend-config` arguments of `init`, one per line; part of the bundle. */
    backendArguments: inBase('backend-arguments'),
    /** The values that Stagegate gives the plan; part of the bundle. Outside of the tree, whose names are the team's. */
    generatedVariables: inBase('variables.tfvars.json'),
    bundle: inBase('bundle.tar.gz'),
    planJson: inBase('plan.json'),
    outputs: inBase('outputs.json'),
    /** The state after an apply, as `show -json` prints it. */
    state: inBase('state.json'),
    /** The backend as the engine resolved it. */
    backend: inBase('backend.json'),
    /** What the engine reported while it ran. */
    events: inBase('events.json'),
    failure: inBase('failure.json'),
    /** The message of a script that failed by itself. */
    failureMessage: inBase('failure-message'),
    awsConfig: inBase('aws-config'),
    /** Values that must not appear in any text we store or print. */
    secrets: inBase('secrets.json'),
  };
}
export type WorkPaths = ReturnType<typeof workPaths>;
