import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { PhaseError } from '../../build/failure.ts';
import { BACKEND_RECORD } from '../../configuration/engine-files.ts';
import type { PlanFile } from './plan-file.ts';

const InitializedSchema = z.object({
  backend: z.object({ type: z.string(), config: z.record(z.string(), z.unknown()) }),
});

const MOST_NAMED = 5;

/**
 * Refuses a plan whose backend differs in any setting from the one that `init` has configured in a directory, because
 * an apply uses the plan's backend. The same bucket and key at another endpoint, or in another role, would be another
 * state.
 */
export function requireSameBackend(planFile: Pick<PlanFile, 'backend'> | undefined, directory: string): void {
  if (!planFile) return;
  const { backend: planned } = planFile;
  const file = join(directory, BACKEND_RECORD);
  const { backend } = InitializedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (planned?.type !== backend.type) {
    throw refuse(`the plan is for the backend "${planned?.type ?? 'none'}", not for "${backend.type}"`);
  }
  if (planned.workspace !== 'default') {
    throw refuse(`the plan is for the workspace "${planned.workspace}", not for "default"`);
  }
  const names = [...new Set([...Object.keys(planned.config), ...Object.keys(backend.config)])].sort();
  const others = names.filter((name) => !isDeepStrictEqual(planned.config[name], backend.config[name]));
  // Only their names are shown, because their values may be credentials.
  if (others.length > 0) {
    const named = others.slice(0, MOST_NAMED).map((name) => `"${name}"`);
    const more = others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : '';
    throw refuse(`the plan's backend has other settings than the configuration: ${named.join(', ')}${more}`);
  }
}

const refuse = (problem: string) => new PhaseError('backend', problem, { reason: 'plan-not-ours' });
