import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemsOf } from '../../lambdas/api/document/problems.ts';
import * as tables from '../../lambdas/api/operations.ts';
import type { OperationLoader } from '../../lambdas/runtime/operation.ts';
import { RUN_DIRECTORY } from './run-directory.mjs';

/** The file of a run's directory with a line for each problem that a test got from the API: route, tab, name. */
export const ANSWERED_PROBLEMS = 'answered-problems.tsv';

const PREFIX = 'urn:stagegate:problem:';
const LOADERS: Readonly<Record<string, OperationLoader<never>>> = Object.assign({}, ...Object.values(tables));

/** Fails unless the operation of the route declares the problem that it answered, and notes it for the end of the run. */
export async function requireDeclared(route: string, type: unknown): Promise<void> {
  const name = String(type).replace(PREFIX, '');
  const operation = await LOADERS[route]?.();
  const declared = operation ? problemsOf(route, operation).map((problem) => problem.name) : [];
  if (!declared.includes(name)) throw new Error(`${route} answered ${name}, which its operation does not declare`);
  const directory = process.env[RUN_DIRECTORY];
  if (directory) appendFileSync(join(directory, ANSWERED_PROBLEMS), `${route}\t${name}\n`);
}

/** Returns the refusals that an operation declares and that are not among the lines of a run, as the same lines. */
export async function neverAnswered(lines: string): Promise<string[]> {
  const answered = new Set(lines.split('\n'));
  const declared = Object.entries(LOADERS).map(async ([route, load]) => {
    const { problems = [] } = await load();
    return problems.map((name) => `${route}\t${name}`);
  });
  return (await Promise.all(declared)).flat().filter((line) => !answered.has(line));
}
