import { installRelease, ReleaseError } from '../buildspecs/program/engine/install-release.ts';
import { officialAddress } from '../lambdas/domain/contract/engine-release.ts';
import { pinnedEngineHere } from './engine.mjs';

/** `node scripts/install-engine.ts`: downloads the pinned engine for this machine. For use when the PATH has none. */
const engine = pinnedEngineHere();
if (!engine) throw new Error(`no engine is pinned for ${process.platform} ${process.arch}`);
const { name, version, platform, sha256, directory } = engine;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort(signal));

try {
  const url = officialAddress(name, version, platform);
  await installRelease({ name, version, sha256, url }, directory, { signal: interrupted.signal });
} catch (error) {
  if (!(error instanceof ReleaseError)) throw error;
  console.error(`stagegate: ${error.message}`);
  process.exitCode = 1;
}
