import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { BoardRequest } from './messages.ts';

/** Names by which a browser reaches this machine itself. With any other, a foreign DNS record points here. */
const LOOPBACK = new Set(['127.0.0.1', 'localhost']);

/** Returns a new secret: 256 random bits, as text for an address. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

interface Start {
  /** The path below which the board is served, without a slash at the end. */
  readonly base: string;
  readonly secret: string;
}

/** Returns the path that lets its reader in. */
export const startPath = ({ base, secret }: Start): string => `${base}/start?secret=${secret}`;

/**
 * Lets in who started the board, and nobody else: another web site, another page of this machine, another person of this
 * machine. The secret of the start address becomes a cookie that no script can read and that no other site sends.
 */
export class Access {
  readonly #base: string;
  readonly #secret: string;
  /** Another value than the secret, so that neither gives the other away. */
  readonly #session = newSecret();

  /** Browsers send a cookie to every port of a machine, so that of another board must have another name. */
  readonly #cookie = `stagegate-board-${randomBytes(4).toString('hex')}`;

  constructor({ base, secret }: Start) {
    this.#base = base;
    this.#secret = secret;
  }

  /** Returns why a request is refused whoever sent it, or undefined. It says nothing about what the board shows. */
  objection({ method, headers }: BoardRequest): string | undefined {
    const host = headers.host ?? '';
    if (!LOOPBACK.has(host.replace(/:\d+$/, ''))) return 'it was not addressed to this machine';
    // Browsers say where a request comes from. A page on another port of this machine is another site here.
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'a page of another site made it';
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${host}`) return 'a page of another site made it';
    const isRead = method === 'GET' || method === 'HEAD';
    return isRead || origin !== undefined ? undefined : 'it does not say which page made it';
  }

  /** Returns the cookie for somebody who has the secret, or undefined. */
  cookieFor(secret: string): string | undefined {
    if (!isSame(secret, this.#secret)) return undefined;
    return `${this.#cookie}=${this.#session}; Path=${this.#base}/; HttpOnly; SameSite=Strict`;
  }

  /** Returns whether the request has the cookie. */
  isIn({ headers }: BoardRequest): boolean {
    return (headers.cookie ?? '').split(';').some((pair) => {
      const [name, value = ''] = pair.trim().split('=');
      return name === this.#cookie && isSame(value, this.#session);
    });
  }
}

/** Compares digests, so that the time it takes says nothing about either text. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
