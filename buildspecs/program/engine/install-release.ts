import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, open as openFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPromise } from 'yauzl';
import type { EngineRelease } from '../../../lambdas/domain/contract/engine-release.ts';

/** Thrown when a release cannot be installed. The message names engine, version and address. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}

export interface InstallOptions {
  /** Ends the download early. No files are left behind then. */
  readonly signal?: AbortSignal;
  /** Pause before the second attempt; it doubles each time. */
  readonly firstPauseMs?: number;
  /** A server that sends nothing for this long has failed. */
  readonly silenceMs?: number;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const SILENCE_MS = 30_000;
const MOST_REDIRECTS = 5;

/**
 * Downloads the release into `directory` and returns the path of its binary. Only a complete binary gets its name, by a
 * rename, so two installations at once do no harm. The proxy variables of the environment apply if NODE_USE_ENV_PROXY=1
 * is set, as for every `fetch` of Node.js.
 */
export async function installRelease(
  release: EngineRelease,
  directory: string,
  options: InstallOptions = {},
): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    const work = await mkdtemp(join(directory, '.install-'));
    try {
      const draft = await fetchBinary(release, work, options);
      const binary = join(directory, release.name);
      await rename(draft, binary);
      return binary;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof ReleaseError) throw error;
    const { name, version, url } = release;
    throw new ReleaseError(`installing ${name} ${version} from ${url}: ${innermost(error)}`, { cause: error });
  }
}

/** Puts the binary into the directory `work`, and returns its path there. */
async function fetchBinary(release: EngineRelease, work: string, options: InstallOptions): Promise<string> {
  const { name, version, sha256, url } = release;
  const zip = join(work, 'engine.zip');
  const digest = await download(release, zip, options);
  if (digest !== sha256)
    throw new ReleaseError(
      `the download of ${name} ${version} does not have the digest ${sha256}: it is ${digest}, from ${url}`,
    );
  const binary = join(work, 'engine');
  await unpack(release, zip, binary);
  return binary;
}

/** Writes the zip to `file` and returns its SHA-256. Tries again after failures that may be temporary. */
async function download({ name, version, url }: EngineRelease, file: string, options: InstallOptions): Promise<string> {
  for (let attempt = 1, pause = options.firstPauseMs ?? FIRST_PAUSE_MS; ; attempt++, pause *= 2) {
    try {
      return await attemptDownload(url, file, options);
    } catch (error) {
      if (attempt === ATTEMPTS || error instanceof FinalError || options.signal?.aborted)
        throw new ReleaseError(`downloading ${name} ${version} from ${url}: ${innermost(error)}`, { cause: error });
      await sleep(pause, undefined, { signal: options.signal }).catch(() => {});
    }
  }
}

/** Thrown for a failure that would be the same at the next attempt. */
class FinalError extends Error {
  override readonly name = 'FinalError';
}

async function attemptDownload(url: string, file: string, { signal, silenceMs = SILENCE_MS }: InstallOptions) {
  // The file is opened before the request. A stream that still opens when the body breaks off would create the file
  // after it was removed. And without room for a file, the build could not end because of a body that nobody reads.
  const target = await openFile(file, 'w');
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new Error(`the server sent nothing for ${silenceMs / 1000} s`)),
    silenceMs,
  );
  try {
    const body = await open(url, AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]));
    const hash = createHash('sha256');
    await pipeline(
      Readable.from(body),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          timer.refresh();
          hash.update(chunk);
          yield chunk;
        }
      },
      target.createWriteStream(),
    );
    return hash.digest('hex');
  } finally {
    clearTimeout(timer);
    await target.close();
  }
}

/** Follows redirects itself, because each step has to be HTTPS. */
async function open(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let address = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    if (new URL(address).protocol !== 'https:') throw new FinalError(`only https is allowed, not ${address}`);
    const response = await fetch(address, { redirect: 'manual', signal });
    if (response.ok && response.body) return response.body;
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location) {
      address = new URL(location, address).href;
      continue;
    }
    const answer = `${new URL(address).host} answered ${response.status}`;
    throw response.status >= 500 || response.status === 429 ? new Error(answer) : new FinalError(answer);
  }
  throw new FinalError(`more than ${MOST_REDIRECTS} redirects`);
}

/** Unpacks the one entry that is the binary. Names of other entries are read, but never become a path. */
async function unpack({ name, version, url }: EngineRelease, zip: string, file: string): Promise<void> {
  try {
    const archive = await openPromise(zip, { lazyEntries: true, decodeStrings: false });
    for await (const entry of archive.eachEntry()) {
      if (entry.fileNameRaw.toString() !== name) continue;
      await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(file));
      await chmod(file, 0o755);
      return;
    }
  } catch (error) {
    throw new ReleaseError(`unpacking ${name} ${version} from ${url}: ${innermost(error)}`, { cause: error });
  }
  throw new ReleaseError(`unpacking ${name} ${version} from ${url}: the zip has no file "${name}"`);
}

/** Returns the message of the innermost cause: `fetch` itself says only that it failed. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? innermost(error.cause) : error.message || error.name;
}
