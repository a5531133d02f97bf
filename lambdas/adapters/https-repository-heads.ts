import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { AdvertisementError, branchesIn } from '../domain/heads/ref-advertisement.ts';
import { isSameRepository } from '../domain/model/repository.ts';
import type { Heads, RepositoryHeads } from '../domain/ports.ts';
import { isPublicAddress } from './public-address.ts';

interface Address {
  readonly address: string;
  readonly family: number;
}

export interface HttpsRepositoryHeadsProps {
  /** Returns the addresses of a host. The default asks the resolver of the machine. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
  readonly isAllowed?: (address: string) => boolean;
  readonly port?: number;
  /** A certificate to trust instead of those of public authorities. */
  readonly ca?: string;
  /** Milliseconds for a whole answer. */
  readonly mostMs?: number;
  readonly mostBytes?: number;
}

const TYPE = 'application/x-git-upload-pack-advertisement';
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** An answer that says something about the repository; its host is there. */
class RefusedAnswer extends Error {}

/**
 * Asks a public repository over HTTPS, as git does before it fetches, but without any credential. It connects to public
 * addresses only, and takes as little as it needs: one answer of limited size in limited time.
 */
export class HttpsRepositoryHeads implements RepositoryHeads {
  readonly #props: Required<Omit<HttpsRepositoryHeadsProps, 'ca'>> & Pick<HttpsRepositoryHeadsProps, 'ca'>;

  constructor(props: HttpsRepositoryHeadsProps = {}) {
    this.#props = {
      resolve: (host) => lookup(host, { all: true }),
      isAllowed: isPublicAddress,
      port: 443,
      mostMs: 15_000,
      mostBytes: 8 * 1024 * 1024,
      ...props,
    };
  }

  async of(url: string): Promise<Heads> {
    const { mostMs } = this.#props;
    const signal = AbortSignal.timeout(mostMs);
    const late = new Promise<never>((_, rejected) => signal.addEventListener('abort', () => rejected(signal.reason)));
    try {
      const answer = await Promise.race([this.#ask(new URL(url), signal, true), late]);
      return { kind: 'branches', branches: branchesIn(answer) };
    } catch (error) {
      if (error instanceof AdvertisementError) return { kind: 'refused', problem: `the answer ${error.message}` };
      if (error instanceof RefusedAnswer) return { kind: 'refused', problem: error.message };
      return { kind: 'unreachable', problem: signal.aborted ? `no answer in ${mostMs} ms` : String(error) };
    }
  }

  async #ask(repository: URL, signal: AbortSignal, mayMove: boolean): Promise<Buffer> {
    const { ca, isAllowed, port, resolve } = this.#props;
    const host = repository.hostname;
    const addresses = await resolve(host);
    if (addresses.length === 0 || !addresses.every(({ address }) => isAllowed(address)))
      throw new RefusedAnswer(`${host} has an address that is not public`);
    const response = await new Promise<IncomingMessage>((resolved, rejected) => {
      request({
        host,
        port,
        path: `${repository.pathname}/info/refs?service=git-upload-pack`,
        method: 'GET',
        headers: {
          accept: TYPE,
          'accept-encoding': 'identity',
          'git-protocol': 'version=0',
          'user-agent': 'stagegate',
        },
        // The addresses that were checked, so that no second answer of a name server can name others.
        lookup: (_name, { all }, found) => {
          const [first] = addresses;
          if (all) found(null, [...addresses]);
          else found(null, first?.address ?? '', first?.family);
        },
        agent: false,
        signal,
        ...(ca !== undefined && { ca }),
      })
        .on('response', resolved)
        .on('error', rejected)
        .on('upgrade', (_, socket) => {
          socket.destroy();
          rejected(new Error('answers 101: it speaks another protocol'));
        })
        .on('close', () => rejected(new Error('closes the connection without an answer')))
        .end();
    });
    const { statusCode = 0, headers } = response;
    const location = headers.location ?? '';
    if (REDIRECTS.has(statusCode)) {
      response.destroy();
      const next = mayMove ? moved(repository, location) : undefined;
      if (!next) throw new RefusedAnswer(`redirects to ${JSON.stringify(location.slice(0, 200))}`);
      return this.#ask(next, signal, false);
    }
    return this.#read(response);
  }

  async #read(response: IncomingMessage): Promise<Buffer> {
    const { mostBytes } = this.#props;
    try {
      const { statusCode = 0, headers } = response;
      const encoding = headers['content-encoding'] ?? 'identity';
      if (statusCode === 429 || statusCode >= 500) throw new Error(`answers ${statusCode}`);
      if (statusCode !== 200) throw new RefusedAnswer(`answers ${statusCode}: it is not public, or not there`);
      if (headers['content-type'] !== TYPE)
        throw new RefusedAnswer(`answers with the type ${JSON.stringify(headers['content-type'] ?? 'none')}`);
      if (encoding !== 'identity') throw new RefusedAnswer(`answers with the encoding ${JSON.stringify(encoding)}`);
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of response) {
        const bytes = Buffer.from(chunk);
        size += bytes.length;
        if (size > mostBytes) throw new RefusedAnswer(`answers with more than ${mostBytes} bytes`);
        chunks.push(bytes);
      }
      return Buffer.concat(chunks);
    } finally {
      response.destroy();
    }
  }
}

/** Returns where a repository is, if it only has another spelling there: some hosts add `.git` to an address. */
function moved(from: URL, location: string): URL | undefined {
  const SUFFIX = /\/info\/refs$/;
  const there = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (there?.origin !== from.origin || there.username || !SUFFIX.test(there.pathname)) return undefined;
  const next = new URL(there.pathname.replace(SUFFIX, ''), from);
  return isSameRepository(next.href, from.href) ? next : undefined;
}
