/** What a git host says about its branches is no such answer; the message says what is wrong with it. */
export class AdvertisementError extends Error {
  override readonly name = 'AdvertisementError';
}

const SERVICE = '# service=git-upload-pack';
const BRANCHES = 'refs/heads/';
const REF = /^([0-9a-f]{40}) (\S+)$/;
/** Longest packet of git's protocol, with the four digits of its length. */
const LONGEST_PACKET = 65_520;
/** The only ref of a repository without commits. */
const NO_REFS = 'capabilities^{}';

/**
 * Reads the answer to `GET …/info/refs?service=git-upload-pack` in version 0 of git's protocol, and returns the commit
 * of each branch. Throws AdvertisementError for anything else.
 * Source: https://git-scm.com/docs/http-protocol and https://git-scm.com/docs/gitprotocol-pack.
 */
export function branchesIn(body: Buffer): ReadonlyMap<string, string> {
  const [service, ...rest] = packetsOf(body);
  if (service !== SERVICE) throw new AdvertisementError(`begins with ${shown(service)}, not with "${SERVICE}"`);
  if (rest[0] !== undefined) throw new AdvertisementError('has no end after the name of the service');
  if (rest.length < 2 || rest.at(-1) !== undefined) throw new AdvertisementError('ends before its end is told');
  const branches = new Map<string, string>();
  for (const [at, line] of rest.slice(1, -1).entries()) {
    if (line === undefined) throw new AdvertisementError('goes on after its end');
    // The first ref is followed by what the server is capable of.
    const [ref = ''] = at === 0 ? line.split('\0') : [line];
    const [, commit, name] = REF.exec(ref) ?? [];
    if (commit === undefined || name === undefined)
      throw new AdvertisementError(`has ${shown(ref)} in the place of a ref`);
    if (name === NO_REFS || !name.startsWith(BRANCHES)) continue;
    const branch = name.slice(BRANCHES.length);
    if (branches.has(branch)) throw new AdvertisementError(`names the branch ${shown(branch)} twice`);
    branches.set(branch, commit);
  }
  return branches;
}

/** Splits a body into packets, without the ends of their lines. `undefined` is git's packet for an end. */
function packetsOf(body: Buffer): (string | undefined)[] {
  const packets: (string | undefined)[] = [];
  let at = 0;
  while (at < body.length) {
    const digits = body.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/.test(digits)) throw new AdvertisementError(`has ${shown(digits)} in the place of a length`);
    const length = Number.parseInt(digits, 16);
    if (length === 0) {
      packets.push(undefined);
      at += 4;
      continue;
    }
    if (length <= 4 || length > LONGEST_PACKET) throw new AdvertisementError(`has a packet of ${length} bytes`);
    if (at + length > body.length) throw new AdvertisementError('ends within a packet');
    packets.push(body.toString('utf8', at + 4, at + length).replace(/\n$/, ''));
    at += length;
  }
  return packets;
}

/** Shows a few characters of what a stranger sent. */
const shown = (text: string | undefined): string => JSON.stringify((text ?? '').slice(0, 60));
