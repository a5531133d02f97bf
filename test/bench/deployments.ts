import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize } from '../../local/synthesize.ts';
import { terraformDirectory } from '../e2e/git-repository.ts';
import { TestApplication, TestCloud } from '../e2e/test-cloud.ts';

export interface DeploymentMeasurement {
  /** Median of the runs: push to `succeeded` in dev1, with a plan and an apply build. */
  readonly deploymentMilliseconds: number;
  /** Median of the runs: the same work by hand, `init`, `plan`, `show`, `init`, `apply`, `output` in two directories. */
  readonly bareMilliseconds: number;
}

const RUNS = 5;
/** Enough for any machine; a hang becomes an error. */
const MOST_MILLISECONDS = 60_000;

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

/** A development deployment in the local cloud, paired with bare Terraform in the same run on the same machine. */
export async function measureDeployments(): Promise<DeploymentMeasurement> {
  const work = mkdtempSync(join(tmpdir(), 'stagegate-bench-'));
  process.env.STAGEGATE_E2E_ASSEMBLY = await synthesize(join(work, 'assembly'));
  const cloud = await TestCloud.start({ files: { 'README.md': 'bench' } });
  try {
    const application = new TestApplication(cloud);
    await application.register();
    const [deployments, bare]: [number[], number[]] = [[], []];
    for (let run = 0; run <= RUNS; run++) {
      bare.push(measure(() => runBareTerraform(join(work, `bare-${run}`), `value-${run}`)));
      const startedAt = performance.now();
      application.push(`value-${run}`);
      await application.reaches('dev1', run + 1, 'succeeded');
      deployments.push(performance.now() - startedAt);
    }
    // The first run warms functions and files and counts for neither side.
    return { deploymentMilliseconds: median(deployments.slice(1)), bareMilliseconds: median(bare.slice(1)) };
  } finally {
    await cloud.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

function measure(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function runBareTerraform(directory: string, value: string): void {
  const state = `terraform {\n  backend "local" {\n    path = "${join(directory, 'state')}"\n  }\n}\n`;
  const places = ['plan', 'apply'].map((name) => join(directory, name));
  for (const place of places) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'main.tf'), terraformDirectory(value));
    writeFileSync(join(place, 'backend.tf'), state);
  }
  const [planning = '', applying = ''] = places;
  const plan = join(directory, 'plan.tfplan');
  const terraform = (cwd: string, ...args: string[]) =>
    execFileSync('terraform', args, { cwd, stdio: 'ignore', timeout: MOST_MILLISECONDS });
  terraform(planning, 'init', '-input=false');
  terraform(planning, 'plan', '-input=false', `-out=${plan}`);
  terraform(planning, 'show', '-json', plan);
  terraform(applying, 'init', '-input=false');
  terraform(applying, 'apply', '-input=false', plan);
  terraform(applying, 'output', '-json');
}
