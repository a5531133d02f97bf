import { mkdir, rm } from 'node:fs/promises';
import * as z from 'zod';
import {
  ApplyVariablesSchema,
  InspectProjectVariablesSchema,
  InspectVariablesSchema,
  PlanVariablesSchema,
  ProjectVariablesSchema,
} from '../../../lambdas/domain/contract/build-environment-variables.ts';
import type { ApplyResult, InspectionResult, PlanResult } from '../../../lambdas/domain/contract/build-result.ts';
import type { RunObject } from '../../../lambdas/domain/contract/run-objects.ts';
import { ObjectExistsError } from '../artifacts/artifacts.ts';
import { Build, type Machine } from './build.ts';
import { describeError, PhaseError, summarizeFailure, toPhaseError } from './failure.ts';
import type { Phase } from './phases.ts';
import { failureWithoutSecrets } from './without-secrets.ts';
import { workPaths } from './work-paths.ts';

const PlanEnvironmentSchema = z.object({ ...ProjectVariablesSchema.shape, ...PlanVariablesSchema.shape });
const ApplyEnvironmentSchema = z.object({ ...ProjectVariablesSchema.shape, ...ApplyVariablesSchema.shape });
const InspectEnvironmentSchema = z.object({ ...InspectProjectVariablesSchema.shape, ...InspectVariablesSchema.shape });
export type PlanBuild = Build<z.output<typeof PlanEnvironmentSchema>>;
export type ApplyBuild = Build<z.output<typeof ApplyEnvironmentSchema>>;
export type InspectBuild = Build<z.output<typeof InspectEnvironmentSchema>>;
/** A build that works on its environment, with the credentials of a role there. */
export type EnvironmentBuild = PlanBuild | ApplyBuild;
export type AnyBuild = EnvironmentBuild | InspectBuild;

/** The variables that say where a failure is reported. With them, a build can report that other variables are wrong. */
const ReportSchema = ApplyVariablesSchema.pick({ STAGEGATE_ARTIFACT_BUCKET: true, STAGEGATE_RUN_PREFIX: true });

/** Runs a plan build to its end and returns whether it succeeded. */
export const runPlanBuild = (machine: Machine, plan: (build: PlanBuild) => Promise<PlanResult>): Promise<boolean> =>
  runBuild(machine, {
    phase: 'checkout',
    result: 'planResult',
    run: plan,
    schema: PlanEnvironmentSchema,
    failed: (error): PlanResult => ({ ok: false, ...summarizeFailure(error) }),
  });

/** Runs an inspect build to its end and returns whether it succeeded. */
export const runInspectBuild = (
  machine: Machine,
  inspect: (build: InspectBuild) => Promise<InspectionResult>,
): Promise<boolean> =>
  runBuild(machine, {
    phase: 'download',
    result: 'inspectionResult',
    run: inspect,
    schema: InspectEnvironmentSchema,
    failed: (error): InspectionResult => ({ ok: false, ...summarizeFailure(error) }),
  });

/**
 * Runs an apply build to its end and returns whether it succeeded. `judge` says what a failure left applied, or nothing
 * if the build may not report it.
 */
export const runApplyBuild = (
  machine: Machine,
  apply: (build: ApplyBuild) => Promise<ApplyResult>,
  judge: (build: ApplyBuild, error: PhaseError) => Promise<ApplyResult | undefined>,
): Promise<boolean> =>
  runBuild(machine, {
    phase: 'started',
    result: 'applyResult',
    run: apply,
    schema: ApplyEnvironmentSchema,
    failed: async (error, build): Promise<ApplyResult | undefined> =>
      build
        ? judge(build, error)
        : { ok: false, ...summarizeFailure(error), reason: error.reason ?? `${error.phase}-failed`, applied: 'no' },
  });

interface BuildKind<Schema extends z.ZodType, Result> {
  /** The phase in which a build begins. */
  readonly phase: Phase;
  readonly result: RunObject;
  readonly schema: Schema;
  run(build: Build<z.output<Schema>>): Promise<Result>;
  /** Returns the result of a failure; undefined if the result is another build's to write. */
  failed(error: PhaseError, build?: Build<z.output<Schema>>): Result | Promise<Result | undefined>;
}

/**
 * Runs a build in an empty work directory and writes its result, also for a failure that it may report, if the variables
 * say where. Removes the work directory at the end, because it contains values of the plan.
 */
async function runBuild<Schema extends z.ZodType<Parameters<typeof workPaths>[0]>, Result extends object>(
  machine: Machine,
  kind: BuildKind<Schema, Result>,
): Promise<boolean> {
  const where = ReportSchema.safeParse(machine.environment);
  if (!where.success) {
    machine.log(`Error: ${describeIssues(where.error)}; the failure cannot be reported`);
    return false;
  }
  const artifacts = machine.artifacts(where.data.STAGEGATE_ARTIFACT_BUCKET, where.data.STAGEGATE_RUN_PREFIX);
  const report = async (result: Result) => {
    await artifacts.put(kind.result, `${JSON.stringify(result, null, 2)}\n`);
  };
  const variables = kind.schema.safeParse(machine.environment);
  if (!variables.success) {
    const phase = variables.error.issues.every(({ path }) => path[0] === 'STAGEGATE_VARIABLES')
      ? 'variables'
      : kind.phase;
    const error = new PhaseError(phase, describeIssues(variables.error));
    machine.log(`Error: ${error.message}`);
    await reportFailure(machine, () => kind.failed(error), report);
    return false;
  }
  const paths = workPaths(variables.data);
  const build = new Build<z.output<Schema>>(kind.phase, { variables: variables.data, paths, machine, artifacts });
  try {
    await rm(paths.base, { recursive: true, force: true });
    // Everything below has usual modes. This directory keeps plans and values of variables from other users.
    await mkdir(paths.base, { recursive: true, mode: 0o700 });
    const result = await kind.run(build);
    build.finish('upload');
    await report({ ...result, seconds: build.seconds() });
    return true;
  } catch (thrown) {
    const error = failureWithoutSecrets(toPhaseError(thrown, build.phase), build.secrets);
    // The engine's own findings are in the log already.
    if (error.diagnostics.length === 0) build.log(`Error: ${error.message}`);
    await reportFailure(
      machine,
      async () => {
        const result = await kind.failed(error, build);
        return result && { ...result, seconds: build.seconds() };
      },
      report,
    );
    return false;
  } finally {
    await build.end();
    await cleanUp(paths.base, machine);
  }
}

/**
 * Removes the work directory. The result is written by then, so the build does not fail for files that cannot be
 * removed or that another process still writes.
 */
async function cleanUp(directory: string, machine: Machine): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    machine.log(`Error: the work directory could not be removed: ${describeError(error)}`);
  }
}

async function reportFailure<Result>(
  machine: Machine,
  tell: () => Result | undefined | Promise<Result | undefined>,
  report: (result: Result) => Promise<void>,
): Promise<void> {
  try {
    const result = await tell();
    if (result) await report(result);
  } catch (error) {
    // A result is written once, and belongs to the build that wrote it first.
    if (error instanceof ObjectExistsError) {
      machine.log('Error: another result is there already; this one is not kept');
      return;
    }
    machine.log(`Error: the failure could not be reported: ${toPhaseError(error, 'upload').message}`);
  }
}

const describeIssues = (error: z.ZodError): string =>
  `reading the build's variables: ${error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`;
