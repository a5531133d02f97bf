import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { terraformDirectory } from '../e2e/git-repository.ts';

/** Enough for any machine; a hang becomes an error. */
const MOST_MILLISECONDS = 60_000;

/**
 * What a plain script does for one environment: a plan job (`init`, `plan`, `show`) and an apply job (`init`, `apply`,
 * `output`) in two directories with one state. Answers how long it took, in seconds.
 */
export function runBareTerraform(directory: string, value: string): number {
  const state = `terraform {\n  backend "local" {\n    path = "${join(directory, 'state')}"\n  }\n}\n`;
  const [planning, applying] = [join(directory, 'plan'), join(directory, 'apply')];
  for (const place of [planning, applying]) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'main.tf'), terraformDirectory(value));
    writeFileSync(join(place, 'backend.tf'), state);
  }
  const plan = join(directory, 'plan.tfplan');
  const terraform = (cwd: string, ...args: string[]) =>
    execFileSync('terraform', args, { cwd, stdio: 'ignore', timeout: MOST_MILLISECONDS });
  const startedAt = performance.now();
  terraform(planning, 'init', '-input=false');
  terraform(planning, 'plan', '-input=false', `-out=${plan}`);
  terraform(planning, 'show', '-json', plan);
  terraform(applying, 'init', '-input=false');
  terraform(applying, 'apply', '-input=false', plan);
  terraform(applying, 'output', '-json');
  return (performance.now() - startedAt) / 1000;
}
