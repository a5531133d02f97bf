import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { EngineExit, EngineStep } from '../../buildspecs/program/engine/engine.ts';
import { planFile } from '../buildspecs/plan-files.ts';

/** The printed plan of every directory: one resource is created. */
const PRINTED_PLAN = readFileSync(join(import.meta.dirname, '..', 'e2e', 'stand-in-engine', 'plan-with-changes.json'));
const STATE = { version: 4, terraform_version: '1.11.0', serial: 1, lineage: '', outputs: {}, resources: [] };
const CHANGES = 2;

const BackendSchema = z.object({
  backend: z.object({ type: z.string(), config: z.record(z.string(), z.unknown()) }),
});

/**
 * Runs a step of an engine that answers at once: every plan creates one resource, every apply succeeds, and no state is
 * kept.
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
  switch (given[0]) {
    case 'init':
      writeBackend(directory, { bucket: setting('bucket'), key: setting('key'), region: setting('region') });
      print(JSON.stringify({ type: 'version', tofu: '1.11.0' }));
      return succeed();
    case 'plan': {
      const { backend } = BackendSchema.parse(JSON.parse(readFileSync(recordOfBackend(directory), 'utf8')));
      const mode = given.includes('-destroy') ? 'destroy' : 'normal';
      const madeAt = new Date().toISOString();
      writeFileSync(value('-out'), planFile({ mode, backend, files: configurationIn(directory), madeAt }));
      return succeed(CHANGES);
    }
    case 'show':
      print(PRINTED_PLAN.toString('utf8'));
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

const configurationIn = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => name.endsWith('.tf'))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
