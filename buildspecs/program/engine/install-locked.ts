import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import type { InspectBuild } from '../build/run-build.ts';
import { LOCK_FILE, VENDORED } from '../configuration/engine-files.ts';
import { type LockedProvider as Locked, LockFileError, readLockFile } from '../providers/lock-file.ts';
import type { PreparedProviders } from '../providers/prepare-providers.ts';
import { requireProviders } from '../providers/required-providers.ts';
import type { Engine } from './engine.ts';
import { concludeStep, runStep } from './engine-step.ts';
import { requireSameEngine } from './initialize.ts';

/** Reads the providers that the commit's lock file pins. Throws PhaseError. */
export async function readLocked({ paths }: InspectBuild): Promise<readonly Locked[]> {
  const file = join(paths.directory, LOCK_FILE);
  if (!existsSync(file)) return [];
  try {
    return await readLockFile(LOCK_FILE, readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof LockFileError)) throw error;
    throw new PhaseError('init', error.message.split('\n')[0] ?? LOCK_FILE);
  }
}

/**
 * Installs exactly the providers of the lock file into the directory of the inspection. A plan also needs the providers
 * of its state, which its configuration may not name any more, so all providers of the lock file are required.
 */
export async function installLocked(
  build: InspectBuild,
  engine: Engine,
  locked: readonly Locked[],
  providers: PreparedProviders | undefined,
): Promise<void> {
  const { paths } = build;
  mkdirSync(paths.inspection, { recursive: true });
  if (locked.length === 0) return;
  build.enter('init');
  await requireProviders(paths.inspection, locked, join(paths.directory, LOCK_FILE));
  const vendored = join(paths.directory, VENDORED);
  if (existsSync(vendored)) cpSync(vendored, join(paths.inspection, VENDORED), { recursive: true });
  const outcome = await runStep(build, engine, 'init', {
    arguments: ['init', '-backend=false', '-input=false', '-json', '-lockfile=readonly'],
    directory: paths.inspection,
    environment: providers?.environment,
  });
  concludeStep(build, engine, outcome);
  requireSameEngine(engine, outcome.events);
}
