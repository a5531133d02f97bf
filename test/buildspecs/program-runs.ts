import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ApplyProgress, applyPlan, judgeFailedApply } from '../../buildspecs/program/apply-plan.ts';
import {
  type Address,
  ArtifactStoreError,
  type Artifacts,
  ObjectExistsError,
} from '../../buildspecs/program/artifacts/artifacts.ts';
import type { Machine } from '../../buildspecs/program/build/build.ts';
import { runApplyBuild, runInspectBuild, runPlanBuild } from '../../buildspecs/program/build/run-build.ts';
import type { CredentialsProps } from '../../buildspecs/program/credentials/engine-credentials.ts';
import type { EngineExit, EngineStep } from '../../buildspecs/program/engine/engine.ts';
import { inspectPlan } from '../../buildspecs/program/inspect-plan.ts';
import { planEnvironment } from '../../buildspecs/program/plan-environment.ts';
import type { AvailableEngine } from '../../lambdas/domain/contract/build-environment-variables.ts';
import {
  ApplyResultSchema,
  InspectionResultSchema,
  PlanResultSchema,
  PlanSuccessSchema,
} from '../../lambdas/domain/contract/build-result.ts';
import { RUN_OBJECTS, type RunObject } from '../../lambdas/domain/contract/run-objects.ts';
import { planFile, S3_BACKEND } from './plan-files.ts';

/**
 * Runs the build programs in this process, with stand-ins for the engine and the artifact bucket, to test what the
 * programs do with any output of an engine. Other suites run the real engine.
 */

/** A file of the checkout, or a link. */
type Content = string | { readonly link: string };

/** How one step of the stand-in ends. `lines` are its output. */
type StepResult = { readonly exitCode?: number; readonly errorOutput?: string; readonly lines?: readonly string[] };
type StepFunction = (step: EngineStep) => StepResult | Promise<StepResult>;

export const event = (value: object): string => JSON.stringify(value);

/** Writes the record of the backend that `init` leaves. */
export function resolveBackend(directory: string, backend: object = S3_BACKEND): void {
  mkdirSync(join(directory, '.terraform'), { recursive: true });
  writeFileSync(join(directory, '.terraform', 'terraform.tfstate'), JSON.stringify({ backend }));
}

/** Returns a `plan` step that saves these bytes to the file in its arguments. */
export const savePlan =
  (bytes: Buffer | string, result: StepResult = { exitCode: 2 }): StepFunction =>
  (step) => {
    writeFileSync(step.arguments.find((text) => text.startsWith('-out='))?.slice('-out='.length) ?? '', bytes);
    return result;
  };

/** An engine that succeeds at everything. */
const NORMAL: Readonly<Record<string, StepFunction>> = {
  init(step) {
    resolveBackend(step.directory);
    return { lines: [event({ type: 'version', terraform: '1.99.0' })] };
  },
  fmt: () => ({}),
  plan: savePlan(planFile()),
  show: () => ({ lines: ['{}'] }),
  validate: () => ({ lines: ['{"diagnostics":[]}'] }),
  apply: () => ({
    lines: [event({ type: 'change_summary', changes: { add: 1, change: 0, remove: 0, operation: 'apply' } })],
  }),
  state: () => ({ lines: ['{"version":4,"outputs":{},"resources":[]}'] }),
};

/** The artifact bucket in memory. */
export class MemoryArtifacts implements Artifacts {
  readonly objects = new Map<string, Buffer>();
  /** Objects that cannot be put, with the name of the error. */
  readonly broken = new Map<RunObject, string>();
  private readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  async put(object: RunObject, body: Buffer | string): Promise<Address> {
    const key = `${this.prefix}${RUN_OBJECTS[object]}`;
    const error = this.broken.get(object);
    if (error !== undefined) throw new ArtifactStoreError(error);
    if (this.objects.get(key)?.equals(Buffer.from(body)) === false) throw new ObjectExistsError('PreconditionFailed');
    this.objects.set(key, Buffer.from(body));
    return { key, versionId: 'v1' };
  }

  async get({ key }: { readonly key: string }, mostBytes: number): Promise<Buffer> {
    const found = this.objects.get(key);
    if (!found) throw new ArtifactStoreError('NoSuchVersion');
    if (found.length > mostBytes) throw new ArtifactStoreError(`${key} has ${found.length} bytes`);
    return found;
  }

  warmUp(): void {}

  json(object: RunObject): unknown {
    const found = this.objects.get(`${this.prefix}${RUN_OBJECTS[object]}`);
    return found && JSON.parse(found.toString('utf8'));
  }
}

/** Variables by which the engine finds its credentials. */
export const AGENT = {
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/credentials',
  AWS_CONTAINER_AUTHORIZATION_TOKEN: 'of-the-agent',
};
export const TICKET = `shop-dev1-1-abcdef.plan.1.${'5'.repeat(64)}`;
export const BUILD_ID = 'stagegate-plan:01234567-89ab-cdef-0123-456789abcdef';

export const DIRECTORY = 'apps/shop/dev1';
const PREFIX = 'runs/shop-dev1-1-abcdef/0123456789abcdef0123456789abcdef/1/';
const ENGINES = [
  { name: 'terraform', version: '1.99.0', path: '/usr/bin/terraform' },
  { name: 'tofu', version: '1.10.6', path: '/usr/bin/tofu' },
];

/** Checkout, work directory and run of one environment, for a plan and its apply. */
export class ProgramRun {
  readonly root = mkdtempSync(join(tmpdir(), 'stagegate-program-'));
  readonly checkout = join(this.root, 'checkout');
  readonly base = join(this.root, 'work', 'shop', 'dev1');
  readonly prefix = PREFIX;
  readonly artifacts = new MemoryArtifacts(PREFIX);
  readonly stopping = new AbortController();
  /** Calls of the engine, in order. */
  readonly calls: EngineStep[] = [];
  readonly steps: Record<string, StepFunction>;
  /** The engines that were made ready, in order. */
  readonly engines: AvailableEngine[] = [];
  /** Requests to the broker. */
  readonly redeemed: CredentialsProps[] = [];
  /** How the broker answers. */
  redeem: Machine['credentials'] = async () => AGENT;
  /** How it is listed what the checkout does not have. */
  notCheckedOut: Machine['notCheckedOut'] = async () => ({ submodules: [], tooLong: [] });
  /** Runs before the engine is ready. */
  install: (directory: string, stop: AbortSignal) => Promise<void> = async () => undefined;
  log = '';

  constructor(files: Readonly<Record<string, Content>> = { [`${DIRECTORY}/main.tf`]: '' }, steps = {}) {
    this.steps = { ...NORMAL, ...steps };
    mkdirSync(this.checkout);
    this.write(files);
  }

  write(files: Readonly<Record<string, Content>>): void {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.checkout, name);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof content === 'string') writeFileSync(file, content);
      else symlinkSync(content.link, file);
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Returns the first words of the engine's calls. */
  get commands(): string[] {
    return this.calls.map(({ arguments: [command = ''] }) => command);
  }

  async plan(more: Readonly<Record<string, string>> = {}) {
    const isSuccessful = await runPlanBuild(this.machine(more), planEnvironment);
    const result = PlanResultSchema.optional().parse(this.artifacts.json('planResult'));
    return { isSuccessful, result, log: this.log };
  }

  /** Returns the variables that name the bundle to apply: the one in the plan build's result. */
  private approved() {
    const planned = PlanSuccessSchema.safeParse(this.artifacts.json('planResult')).data;
    return {
      STAGEGATE_BUNDLE_KEY: planned?.bundle.key ?? 'runs/none',
      STAGEGATE_BUNDLE_VERSION_ID: planned?.bundle.versionId ?? 'none',
      STAGEGATE_PLAN_DIGEST: planned?.digest ?? '0'.repeat(64),
    };
  }

  async inspect(more: Readonly<Record<string, string>> = {}) {
    const isSuccessful = await runInspectBuild(this.machine(more), inspectPlan);
    const result = InspectionResultSchema.optional().parse(this.artifacts.json('inspectionResult'));
    return { isSuccessful, result, log: this.log };
  }

  async apply(more: Readonly<Record<string, string>> = {}) {
    const progress: ApplyProgress = {};
    const isSuccessful = await runApplyBuild(
      this.machine({ ...this.approved(), ...more }),
      (build) => applyPlan(build, progress),
      (build, error) => judgeFailedApply(build, error, progress),
    );
    const result = ApplyResultSchema.optional().parse(this.artifacts.json('applyResult'));
    return { isSuccessful, result, log: this.log };
  }

  private machine(more: Readonly<Record<string, string>>): Machine {
    this.log = '';
    return {
      environment: {
        PATH: '/usr/bin:/bin',
        CODEBUILD_SRC_DIR: this.checkout,
        CODEBUILD_BUILD_ID: BUILD_ID,
        AWS_REGION: 'eu-central-1',
        STAGEGATE_WORK: join(this.root, 'work'),
        STAGEGATE_ENGINES: JSON.stringify(ENGINES),
        STAGEGATE_DEPLOYMENT_ID: 'shop-dev1-1-abcdef',
        STAGEGATE_APPLICATION: 'shop',
        STAGEGATE_ENVIRONMENT: 'dev1',
        STAGEGATE_OPERATION: 'deploy',
        STAGEGATE_DIRECTORY: DIRECTORY,
        STAGEGATE_COMMIT: 'abc',
        STAGEGATE_REGION: 'eu-west-1',
        STAGEGATE_API_URL: 'https://api.example.com',
        STAGEGATE_TICKET: TICKET,
        STAGEGATE_STATE_BUCKET: 'our-bucket',
        STAGEGATE_STATE_KEY: `${DIRECTORY}/terraform.tfstate`,
        STAGEGATE_ARTIFACT_BUCKET: 'artifacts',
        STAGEGATE_RUN_PREFIX: PREFIX,
        STAGEGATE_ENGINE: 'terraform',
        ...more,
      },
      artifacts: () => this.artifacts,
      credentials: (props) => {
        this.redeemed.push(props);
        return this.redeem(props);
      },
      notCheckedOut: (repository, commit) => this.notCheckedOut(repository, commit),
      providerCache: () => ({
        read: async () => undefined,
        store: async () => {
          throw new Error('a package is stored where the cache is a stand-in');
        },
      }),
      engine: async (available, directory, stop) => {
        await this.install(directory, stop);
        this.engines.push(available);
        const { name, version } = available;
        return { name, version, run: (step) => this.runStep(step) };
      },
      log: (line) => {
        this.log += `${line}\n`;
      },
      stop: this.stopping.signal,
    };
  }

  private async runStep(step: EngineStep): Promise<EngineExit> {
    this.calls.push(step);
    const command = step.arguments[0] ?? '';
    const perform = this.steps[command];
    if (!perform) throw new Error(`the stand-in knows no "${command}"`);
    const { exitCode = 0, errorOutput = '', lines = [] } = await perform(step);
    if (step.outputFile !== undefined) writeFileSync(step.outputFile, lines.join('\n'));
    else for (const line of lines) step.onLine?.(line);
    return { exitCode, errorOutput };
  }
}
