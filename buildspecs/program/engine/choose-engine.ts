import type { AvailableEngine } from '../../../lambdas/domain/contract/build-environment-variables.ts';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import { PhaseError } from '../build/failure.ts';

/**
 * Returns the engine of this name and version among those that builds may run, or the first one of the name if no
 * version is wanted. Never returns another engine or version instead.
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
