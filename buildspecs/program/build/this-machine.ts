import { TICKET_VARIABLE } from '../../../lambdas/domain/contract/build-credentials.ts';
import type { AvailableEngine } from '../../../lambdas/domain/contract/build-environment-variables.ts';
import { openArtifacts } from '../artifacts/open-artifacts.ts';
import { openCredentials } from '../credentials/open-credentials.ts';
import { type Engine, runEngineBinary } from '../engine/engine.ts';
import { openProviderCache } from '../providers/open-provider-cache.ts';
import { listNotCheckedOut } from '../source/not-checked-out.ts';
import type { Machine } from './build.ts';
import { PhaseError } from './failure.ts';

/** Returns the container, or laptop, on which the program runs. The first signal stops the build, others do nothing. */
export function thisMachine(): Machine {
  // The engine and its git give files the modes of git, which archives and hashes of code depend on. The directory of
  // the build is open to its own user only (`runBuild`), and nothing is written outside of it.
  process.umask(0o022);
  // Only the container's role may sign: AWS settings of the user who runs this program are ignored.
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
  process.env.AWS_CONFIG_FILE = '/dev/null';
  process.env.AWS_SHARED_CREDENTIALS_FILE = '/dev/null';
  delete process.env.AWS_PROFILE;
  delete process.env.AWS_DEFAULT_PROFILE;
  // The ticket is read here and removed, so that other code in this process does not find it. The operating system
  // still shows the variables with which the process started.
  const environment = { ...process.env };
  delete process.env[TICKET_VARIABLE];
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  return {
    environment,
    artifacts: openArtifacts,
    notCheckedOut: listNotCheckedOut,
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
