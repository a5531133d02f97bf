import { TICKET_VARIABLE } from '../../../lambdas/domain/contract/build-credentials.ts';
import type { AvailableEngine } from '../../../lambdas/domain/contract/build-environment-variables.ts';
import { openArtifacts } from '../artifacts/open-artifacts.ts';
import { openCredentials } from '../credentials/open-credentials.ts';
import { type Engine, runEngineBinary } from '../engine/engine.ts';
import { openProviderCache } from '../providers/open-provider-cache.ts';
import type { Machine } from './build.ts';
import { PhaseError } from './failure.ts';

/** The container, or laptop, on which the program runs. Signals stop the build, however many there are. */
export function thisMachine(): Machine {
  // Nothing that a build writes is for anybody else.
  process.umask(0o077);
  // Only the container's role may sign; files of whoever runs this do not count.
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
  process.env.AWS_CONFIG_FILE = '/dev/null';
  process.env.AWS_SHARED_CREDENTIALS_FILE = '/dev/null';
  delete process.env.AWS_PROFILE;
  delete process.env.AWS_DEFAULT_PROFILE;
  // Read once: nothing else in this process is to find it. The system still shows with which variables it began.
  const environment = { ...process.env };
  delete process.env[TICKET_VARIABLE];
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  return {
    environment,
    artifacts: openArtifacts,
    credentials: openCredentials,
    providerCache: openProviderCache,
    engine: findEngine,
    log: (line) => void process.stdout.write(`${line}\n`),
    stop: stopping.signal,
  };
}

async function findEngine(available: AvailableEngine, directory: string, stop: AbortSignal): Promise<Engine> {
  const binary = 'path' in available ? available.path : await install(available, directory, stop);
  const { name, version } = available;
  return { name, version, run: (step) => runEngineBinary(binary, step) };
}

async function install(
  release: Exclude<AvailableEngine, { path: string }>,
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  const { installRelease, ReleaseError } = await import('../engine/install-release.ts');
  try {
    return await installRelease(release, directory, { signal });
  } catch (error) {
    if (error instanceof ReleaseError) throw new PhaseError('init', error.message, { reason: 'engine-unavailable' });
    throw error;
  }
}
