import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { RUN_OBJECTS } from '../../lambdas/domain/contract/run-objects.ts';
import type { Execution } from '../../local/asl/execution.ts';
import { synthesize } from '../../local/synthesize.ts';
import { CLIENT, STAFF, TestApplication, TestCloud } from '../e2e/test-cloud.ts';
import { runBareTerraform } from './bare-terraform.ts';
import { median, medians } from './median.ts';

/**
 * One release from push to applied in prod1, with approvals given as soon as they are asked for, beside the same six
 * Terraform jobs by a plain script. All figures are seconds, medians of the runs.
 */
export interface PromotionMeasurement {
  readonly runs: number;
  /** From the push to applied in prod1: three deployments, eight builds, three approvals. */
  readonly promotion: Comparison & { readonly parts: Parts };
  /** From the push to applied in dev1: one deployment, two builds. */
  readonly deployment: Comparison & { readonly parts: Parts };
  /** One build, on average of its kind. */
  readonly builds: Readonly<Record<BuildPurpose, Readonly<Record<BuildPart, number>>>>;
  /** What a deployment with gates has beyond one without: from the first look at its plan to the second one. */
  readonly inspection: { readonly seconds: number };
}

interface Comparison {
  readonly seconds: number;
  readonly bareSeconds: number;
  readonly ratio: number;
}

/** Runs of the engine; the rest of the build program; the rest of the build; everything between the builds. */
const PARTS = ['engine', 'program', 'runner', 'between'] as const;
type Parts = Readonly<Record<(typeof PARTS)[number], number>>;
const BUILD_PARTS = ['engine', 'program', 'runner'] as const;
type BuildPart = (typeof BUILD_PARTS)[number];

const BUILDS = {
  plan: { state: 'Plan', object: RUN_OBJECTS.planResult },
  inspect: { state: 'Inspect', object: RUN_OBJECTS.inspectionResult },
  apply: { state: 'Apply', object: RUN_OBJECTS.applyResult },
} as const;
type BuildPurpose = keyof typeof BUILDS;

interface BuildTimes extends Readonly<Record<BuildPart, number>> {
  readonly purpose: BuildPurpose;
}
interface Run {
  readonly promotion: number;
  readonly deployment: number;
  readonly barePromotion: number;
  readonly bareDeployment: number;
  readonly builds: readonly BuildTimes[];
  readonly devBuilds: readonly BuildTimes[];
  readonly inspections: readonly number[];
}

const RUNS = 5;
const ENVIRONMENTS = ['dev1', 'stage1', 'prod1'] as const;
/** Looks into this process and costs next to nothing. */
const POLL_MS = 5;

export async function measurePromotions(onRun: (run: number) => void): Promise<PromotionMeasurement> {
  const work = mkdtempSync(join(tmpdir(), 'stagegate-bench-'));
  process.env.STAGEGATE_E2E_ASSEMBLY = await synthesize(join(work, 'assembly'));
  const cloud = await TestCloud.start({ files: { 'README.md': 'bench' } });
  try {
    const application = new TestApplication(cloud);
    await application.register();
    const runs: Run[] = [];
    // The first run warms functions and files and counts for neither side.
    for (let release = 1; release <= RUNS + 1; release++) {
      const bare = ENVIRONMENTS.map((name) => runBareTerraform(join(work, `bare-${release}-${name}`), `v${release}`));
      const measured = await measureRelease(application, release);
      if (release > 1) runs.push({ ...measured, bareDeployment: bare[0] ?? Number.NaN, barePromotion: sum(bare) });
      onRun(release - 1);
    }
    return summarize(runs);
  } finally {
    await cloud.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function measureRelease(application: TestApplication, release: number) {
  const { cloud, name } = application;
  const startedAt = performance.now();
  application.push(`v${release}`);
  const dev = await ended(cloud, `${name}-dev1-`, release);
  const deployment = secondsSince(startedAt);
  await approve(application, STAFF, 'stage1', release);
  const stage = await ended(cloud, `${name}-stage1-`, release);
  await application.promote('prod1', release);
  await approve(application, STAFF, 'prod1', release);
  await approve(application, CLIENT, 'prod1', release);
  const prod = await ended(cloud, `${name}-prod1-`, release);
  const promotion = secondsSince(startedAt);
  const builds = await Promise.all([
    buildTimes(cloud, dev, ['plan', 'apply']),
    ...[stage, prod].map((execution) => buildTimes(cloud, execution, ['plan', 'inspect', 'apply'])),
  ]);
  const inspections = [stage, prod].map((execution) => inspectionSeconds(cloud, execution));
  return { deployment, promotion, builds: builds.flat(), devBuilds: builds[0] ?? [], inspections };
}

/** The execution of the nth deployment of an environment, once it has succeeded. */
async function ended(cloud: TestCloud, prefix: string, nth: number): Promise<Execution> {
  for (;;) {
    const found = cloud.local.states.executions().find(({ name }) => name.startsWith(`${prefix}${nth}-`));
    if (found?.status === 'SUCCEEDED') return found;
    if (found && found.status !== 'RUNNING') throw new Error(`${found.name} ${found.status}: ${found.cause}`);
    await sleep(POLL_MS);
  }
}

async function approve(application: TestApplication, email: string, environment: string, release: number) {
  const { cloud, name } = application;
  const wanted = `Approve ${name} ${environment}: deploy of release ${release}`;
  for (;;) {
    const mail = cloud.local.sns.mails().find(({ to, subject }) => to === email && subject === wanted);
    if (mail) {
      const { status, page } = await cloud.decide(mail.links[0] ?? '', {
        decision: 'approve',
        comment: '',
        environment,
      });
      if (status >= 300) throw new Error(`approving as ${email}: ${status} ${page}`);
      return;
    }
    await sleep(POLL_MS);
  }
}

const ResultSchema = z.object({ seconds: z.object({ total: z.number(), engine: z.record(z.string(), z.number()) }) });

function inspectionSeconds(cloud: TestCloud, { arn, name }: Execution): number {
  const [first, second] = cloud.local.states
    .history(arn)
    .filter(({ type, details }) => type === 'TaskStateEntered' && details?.name === 'AnalyzePlan')
    .map(({ timestamp }) => timestamp);
  if (first === undefined || second === undefined) throw new Error(`the plan of ${name} was not inspected`);
  return (second - first) / 1000;
}

/** How long the builds of a deployment took: by the states that waited for them, and by their own results. */
async function buildTimes(
  cloud: TestCloud,
  { arn, name }: Execution,
  purposes: readonly BuildPurpose[],
): Promise<BuildTimes[]> {
  const history = cloud.local.states.history(arn);
  const at = (type: string, state: string) =>
    history.find(({ type: other, details }) => other === type && details?.name === state)?.timestamp ?? Number.NaN;
  return Promise.all(
    purposes.map(async (purpose) => {
      const { state, object } = BUILDS[purpose];
      const whole = (at('TaskStateExited', state) - at('TaskStateEntered', state)) / 1000;
      const { seconds } = ResultSchema.parse(await readResult(cloud, name, object));
      const engine = sum(Object.values(seconds.engine));
      return { purpose, engine, program: seconds.total - engine, runner: whole - seconds.total };
    }),
  );
}

async function readResult(cloud: TestCloud, deployment: string, object: string): Promise<unknown> {
  const { store } = cloud.local.s3;
  for (const { name } of store.listBuckets()) {
    const [, versions = []] = store.listKeys(name, `runs/${deployment}/`).find(([key]) => key.endsWith(object)) ?? [];
    const [newest] = versions;
    if (newest) return JSON.parse((await store.read(newest)).toString('utf8'));
  }
  throw new Error(`the run of ${deployment} left no ${object}`);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;

function partsOf(seconds: number, builds: readonly BuildTimes[]): Parts {
  const [engine = 0, program = 0, runner = 0] = BUILD_PARTS.map((part) => sum(builds.map((build) => build[part])));
  return { engine, program, runner, between: seconds - engine - program - runner };
}

function summarize(runs: readonly Run[]): PromotionMeasurement {
  const compare = (seconds: keyof Run & ('promotion' | 'deployment'), bare: 'barePromotion' | 'bareDeployment') => ({
    seconds: median(runs.map((run) => run[seconds])),
    bareSeconds: median(runs.map((run) => run[bare])),
    // Paired: each release with the bare jobs right before it.
    ratio: median(runs.map((run) => run[seconds] / run[bare])),
  });
  const ofKind = (purpose: BuildPurpose) =>
    medians(
      runs.flatMap(({ builds }) => builds.filter((build) => build.purpose === purpose)),
      BUILD_PARTS,
    );
  return {
    runs: runs.length,
    promotion: {
      ...compare('promotion', 'barePromotion'),
      parts: medians(
        runs.map(({ promotion, builds }) => partsOf(promotion, builds)),
        PARTS,
      ),
    },
    deployment: {
      ...compare('deployment', 'bareDeployment'),
      parts: medians(
        runs.map(({ deployment, devBuilds }) => partsOf(deployment, devBuilds)),
        PARTS,
      ),
    },
    builds: { plan: ofKind('plan'), inspect: ofKind('inspect'), apply: ofKind('apply') },
    inspection: { seconds: median(runs.flatMap(({ inspections }) => inspections)) },
  };
}

export function describePromotions({ promotion, deployment, builds, inspection }: PromotionMeasurement): string {
  const row = (title: string, cells: readonly (string | number)[]) =>
    title.padEnd(26) + cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : cell).padStart(10)).join('');
  const whole = (title: string, { seconds, bareSeconds, ratio, parts }: PromotionMeasurement['promotion']) =>
    row(title, [seconds, bareSeconds, ratio, ...PARTS.map((part) => parts[part])]);
  return [
    row('seconds', ['in all', 'bare', 'ratio', ...PARTS]),
    whole('push to prod1', promotion),
    whole('push to dev1', deployment),
    ...Object.entries(builds).map(([name, parts]) =>
      row(`one ${name} build`, ['', '', '', ...BUILD_PARTS.map((part) => parts[part])]),
    ),
    row('an inspection in all', [inspection.seconds]),
  ].join('\n');
}
