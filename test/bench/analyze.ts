/** Time and memory of the plan analysis by size: `node test/bench/analyze.ts`, and a part of `npm run bench`. */
import { spawnSync } from 'node:child_process';
import { analyzePlan } from '../../lambdas/domain/plan/analyze-plan.ts';
import { BUNDLED_PRICE_SHEET } from '../../lambdas/domain/prices/bundled-price-sheet.ts';
import { largePlan } from './large-plan.ts';

export interface AnalysisMeasurement {
  readonly resources: number;
  readonly references: number;
  readonly planMegabytes: number;
  /** Median of the runs, reading the JSON included. */
  readonly milliseconds: number;
  /** Processor time of the same run: what is left of the noise of a busy machine. */
  readonly cpuMilliseconds: number;
  /** Most memory the process held. */
  readonly peakMegabytes: number;
}

const SIZES = [500, 1000, 5000];
const RUNS = 3;
const MEGABYTE = 1_000_000;

/** Measures each size in processes of its own, so that neither warmth nor memory of one helps or burdens another. */
export function measureAnalysis(): AnalysisMeasurement[] {
  return SIZES.map((resources) => {
    const runs = Array.from({ length: RUNS }, () => measureInProcess(resources)).sort(
      (one, other) => one.milliseconds - other.milliseconds,
    );
    const median = runs[Math.floor(RUNS / 2)];
    if (!median) throw new Error(`measuring the analysis of ${resources} resources: no run`);
    return median;
  });
}

export function describeMeasurements(measurements: readonly AnalysisMeasurement[]): string {
  const rows = measurements.map(
    ({ resources, references, planMegabytes, milliseconds, cpuMilliseconds, peakMegabytes }) =>
      [
        resources,
        references,
        `${planMegabytes.toFixed(1)} MB`,
        `${milliseconds} ms`,
        `${cpuMilliseconds} ms`,
        `${(milliseconds / resources).toFixed(2)} ms`,
        `${peakMegabytes} MB`,
      ]
        .map((cell) => String(cell).padStart(12))
        .join(''),
  );
  const heading = ['resources', 'references', 'plan JSON', 'time', 'processor', 'a resource', 'memory']
    .map((title) => title.padStart(12))
    .join('');
  return [heading, ...rows].join('\n');
}

function measureInProcess(resources: number): AnalysisMeasurement {
  const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, '--once', String(resources)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`measuring the analysis of ${resources} resources: ${stderr.trim()}`);
  return JSON.parse(stdout);
}

function measureOnce(resources: number): AnalysisMeasurement {
  const plan = largePlan(resources);
  const started = performance.now();
  const cpu = process.cpuUsage();
  analyzePlan({
    plan,
    region: 'eu-west-1',
    stage: 'production',
    deletionProtection: false,
    priceSheet: BUNDLED_PRICE_SHEET,
  });
  const { user, system } = process.cpuUsage(cpu);
  return {
    resources,
    references: resources * 2,
    planMegabytes: plan.length / MEGABYTE,
    milliseconds: Math.round(performance.now() - started),
    cpuMilliseconds: Math.round((user + system) / 1000),
    peakMegabytes: Math.round((process.resourceUsage().maxRSS * 1024) / MEGABYTE),
  };
}

if (process.argv[1] === import.meta.filename) {
  const [flag, size] = process.argv.slice(2);
  if (flag === '--once') process.stdout.write(JSON.stringify(measureOnce(Number(size))));
  else process.stdout.write(`${describeMeasurements(measureAnalysis())}\n`);
}
