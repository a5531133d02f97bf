import type { AvailableEngine } from '../../../lambdas/domain/contract/build-environment-variables.ts';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import { PhaseError } from '../build/failure.ts';

/**
 * The engine of this name and version among those that builds may run; the first of the name where no version is wanted.
 * Another engine or version is never taken instead.
 */
export function chooseEngine(
  available: readonly AvailableEngine[],
  wanted: { readonly name: EngineName; readonly version: string },
): AvailableEngine {
  const found = available.find(
    ({ name, version }) => name === wanted.name && (wanted.version === '' || version === wanted.version),
  );
  if (found) return found;
  const listed = available.map(({ name, version }) => `${name} ${version}`).join(', ') || 'there are none';
  throw new PhaseError(
    'init',
    `${wanted.name} ${wanted.version || '(any version)'} is not among the engines that builds may run: ${listed}`,
    { reason: 'engine-unavailable' },
  );
}
