import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentOf, plan, plannedOf } from '../buildspecs/build-runs.ts';
import { openBuildCloud } from '../local/codebuild/open-build-cloud.ts';
import { median } from './median.ts';

/** What a plan build takes beside its engine, for an engine that plans for a given time. */
export interface SlowPlanMeasurement {
  /** For which the engine plans, beside its usual work. */
  readonly planSeconds: number;
  /** Of the build that were not the engine's; median of the runs. */
  readonly ownSeconds: number;
}

const PLAN_SECONDS = [5, 60];
const RUNS = 3;
/** So much later each build of the same kind begins: while one works the others only wait. */
const APART_MS = 4000;

/** Plans with the real engine behind a script that waits before it plans. */
export async function measureSlowPlans(): Promise<SlowPlanMeasurement[]> {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-slow-'));
  const engine = execFileSync('bash', ['-c', 'command -v terraform'], { encoding: 'utf8' }).trim();
  const wait = join(directory, 'seconds');
  writeFileSync(
    join(directory, 'terraform'),
    `#!/bin/sh\nif [ "$1" = plan ]; then sleep "$(cat '${wait}')"; fi\nexec '${engine}' "$@"\n`,
  );
  chmodSync(join(directory, 'terraform'), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${directory}${delimiter}${path}`;
  const cloud = await openBuildCloud();
  try {
    const environments = Array.from({ length: RUNS }, (_, run) => environmentOf(`slow${run}`));
    const files = environments.map(({ name }) => [`apps/shop/${name}/main.tf`, 'resource "terraform_data" "one" {}\n']);
    for (const environment of environments) cloud.addEnvironment(environment);
    const commit = cloud.repository.commit(Object.fromEntries(files));
    const measured: SlowPlanMeasurement[] = [];
    for (const planSeconds of PLAN_SECONDS) {
      writeFileSync(wait, String(planSeconds));
      const own = environments.map(async (environment, run) => {
        await sleep(run * APART_MS);
        const startedAt = performance.now();
        const { seconds } = plannedOf(await plan(cloud, environment, commit));
        const engineSeconds = Object.values(seconds?.engine ?? {}).reduce((sum, each) => sum + each, 0);
        return (performance.now() - startedAt) / 1000 - engineSeconds;
      });
      measured.push({ planSeconds, ownSeconds: median(await Promise.all(own)) });
    }
    return measured;
  } finally {
    await cloud.close();
    process.env.PATH = path;
    rmSync(directory, { recursive: true, force: true });
  }
}

export function describeSlowPlans(measurements: readonly SlowPlanMeasurement[]): string {
  const rows = measurements.map(({ planSeconds, ownSeconds }) =>
    [`${planSeconds} s`, `${ownSeconds.toFixed(2)} s`].map((cell) => cell.padStart(22)).join(''),
  );
  return [['the engine plans for', 'rest of the build'].map((title) => title.padStart(22)).join(''), ...rows].join(
    '\n',
  );
}
