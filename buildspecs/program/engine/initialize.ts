import type { AvailableEngine } from '../../../lambdas/domain/contract/build-environment-variables.ts';
import { PhaseError, toPhaseError } from '../build/failure.ts';
import type { AnyBuild, EnvironmentBuild } from '../build/run-build.ts';
import type { PreparedProviders } from '../providers/prepare-providers.ts';
import { type BackendAddress, readBackendAddress } from './backend-address.ts';
import type { Engine } from './engine.ts';
import { concludeStep, runStep } from './engine-step.ts';
import type { EngineEvent } from './events.ts';
import { variableArguments } from './variable-arguments.ts';

/** Makes the engine ready to run. A failure belongs to the phase `init`, which is the first to need the engine. */
export async function makeEngineReady(build: AnyBuild, chosen: AvailableEngine): Promise<Engine> {
  try {
    return await build.machine.engine(chosen, build.paths.engineDirectory, build.stop);
  } catch (error) {
    build.requireGoingOn();
    throw toPhaseError(error, 'init');
  }
}

/** Runs `init` and returns where the state is. */
export async function initialize(
  build: EnvironmentBuild,
  engine: Engine,
  { providers, arguments: more }: { providers: PreparedProviders | undefined; arguments: readonly string[] },
): Promise<BackendAddress> {
  build.enter('init');
  const outcome = await runStep(build, engine, 'init', {
    arguments: [
      ...['init', '-input=false', '-json', `-lock-timeout=${build.variables.STAGEGATE_LOCK_TIMEOUT}`, ...more],
      ...variableArguments(engine, 'init', build.paths.generatedVariables),
    ],
    environment: providers?.environment,
  });
  concludeStep(build, engine, outcome);
  requireSameEngine(engine, outcome.events);
  return readBackendAddress(build);
}

/** Refuses an engine that reports another name or version than the chosen one. Not every version reports itself. */
export function requireSameEngine({ name, version }: Engine, events: readonly EngineEvent[]): void {
  const told = events.find((event) => event.type === 'version');
  const toldName = told?.tofu === undefined ? 'terraform' : 'tofu';
  const toldVersion = told?.tofu ?? told?.terraform;
  if (toldVersion === undefined || (toldName === name && toldVersion === version)) return;
  throw new PhaseError('init', `${name} ${version} was asked for, this is ${toldName} ${toldVersion}`, {
    reason: 'engine-mismatch',
  });
}
