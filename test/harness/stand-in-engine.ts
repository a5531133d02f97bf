import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import * as z from 'zod';
import type { EngineExit, EngineStep } from '../../buildspecs/program/engine/engine.ts';
import { planFile } from '../buildspecs/plan-files.ts';

/** The printed plan of a directory with a resource, which is created, and of one without. */
const PLAN_WITH_CHANGES = readFileSync(
  join(import.meta.dirname, '..', 'e2e', 'stand-in-engine', 'plan-with-changes.json'),
  'utf8',
);
const PLAN_WITHOUT_CHANGES = JSON.stringify({
  ...{ format_version: '1.2', terraform_version: '1.11.0', planned_values: { root_module: {} } },
  ...{ resource_changes: [], configuration: { root_module: {} }, applyable: false, complete: true, errored: false },
});
const STATE = { version: 4, terraform_version: '1.11.0', serial: 1, lineage: '', outputs: {}, resources: [] };
const CHANGES = 2;

const BackendSchema = z.object({
  backend: z.object({ type: z.string(), config: z.record(z.string(), z.unknown()) }),
});

/**
 * Runs a step of an engine that answers at once, in this process: every directory with a resource has changes, all applies
 * succeed, and no state is kept. Like OpenTofu, it refuses steps that evaluate variables without a file of values.
 */
export function runStandInStep({ arguments: given, directory, outputFile, onLine }: EngineStep): EngineExit {
  const value = (name: string): string =>
    given.find((argument) => argument.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  const setting = (name: string): string => value(`-backend-config=${name}`);
  const print = (text: string): void => {
    if (outputFile !== undefined) writeFileSync(outputFile, text);
    else onLine?.(text);
  };
  const succeed = (exitCode = 0): EngineExit => ({ exitCode, errorOutput: '' });
  if (needsValues(given) && !existsSync(value('-var-file')))
    return { exitCode: 1, errorOutput: 'Error: Variable not provided via -var, tfvars files, or env' };
  switch (given[0]) {
    case 'init':
      writeBackend(directory, { bucket: setting('bucket'), key: setting('key'), region: setting('region') });
      print(JSON.stringify({ type: 'version', tofu: '1.11.0' }));
      return succeed();
    case 'plan': {
      const { backend } = BackendSchema.parse(JSON.parse(readFileSync(recordOfBackend(directory), 'utf8')));
      const mode = given.includes('-destroy') ? 'destroy' : 'normal';
      const madeAt = new Date().toISOString();
      const files = configurationIn(directory);
      writeFileSync(value('-out'), planFile({ mode, backend, files, madeAt }));
      return succeed(hasResource(Object.values(files)) ? CHANGES : 0);
    }
    case 'show':
      print(hasResource(configurationOf(given.at(-1) ?? '')) ? PLAN_WITH_CHANGES : PLAN_WITHOUT_CHANGES);
      return succeed();
    case 'apply': {
      const changes = { add: 1, change: 0, import: 0, remove: 0, operation: 'apply' };
      print(JSON.stringify({ type: 'change_summary', changes }));
      return succeed();
    }
    case 'state':
      print(JSON.stringify(STATE));
      return succeed();
    default:
      throw new Error(`the stand-in for an engine has no command ${given[0]}`);
  }
}

const recordOfBackend = (directory: string): string => join(directory, '.terraform', 'terraform.tfstate');

function writeBackend(directory: string, config: object): void {
  mkdirSync(join(directory, '.terraform'), { recursive: true });
  writeFileSync(recordOfBackend(directory), JSON.stringify({ backend: { type: 's3', config } }));
}

const needsValues = ([command, ...options]: readonly string[]): boolean =>
  command === 'plan' || command === 'state' || (command === 'init' && !options.includes('-backend=false'));

const hasResource = (files: readonly string[]): boolean => files.some((text) => /^resource /m.test(text));

/** Returns the configuration that a plan file contains. */
const configurationOf = (file: string): string[] =>
  Object.entries(unzipSync(readFileSync(file))).flatMap(([name, bytes]) =>
    name.startsWith('tfconfig/m-/') ? [strFromU8(bytes)] : [],
  );

const configurationIn = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => name.endsWith('.tf'))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
