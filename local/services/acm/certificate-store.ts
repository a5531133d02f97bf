import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../persistence/database.ts';

export interface Certificate {
  readonly arn: string;
  readonly accountId: string;
  readonly region: string;
  /** The names of the certificate, the common name first. */
  readonly names: readonly string[];
  readonly token?: string;
  /** Epoch milliseconds, like the other times. */
  readonly requestedAt: number;
  readonly status: 'PENDING_VALIDATION' | 'ISSUED' | 'EXPIRED' | 'FAILED' | 'REVOKED' | 'VALIDATION_TIMED_OUT';
  readonly issuedAt?: number;
  readonly notAfter?: number;
  readonly failureReason?: string;
  readonly renewal?: { readonly status: 'PENDING_AUTO_RENEWAL' | 'PENDING_VALIDATION' | 'SUCCESS' | 'FAILED' };
  readonly tags: Readonly<Record<string, string>>;
  readonly inUseBy: readonly string[];
}

export interface ValidationRecord {
  readonly domain: string;
  readonly name: string;
  readonly value: string;
}

interface NewCertificate {
  readonly accountId: string;
  readonly region: string;
  readonly names: readonly string[];
  readonly token?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Milliseconds after a request until the validation records are known; ACM needs some seconds. */
const RECORDS_AFTER_MS = 300;
const TOKEN_LIFE_MS = 3_600_000;
const PATIENCE_MS = 72 * 3_600_000;
const LIFE_MS = 395 * 86_400_000;

/** The certificates of all accounts and regions. Their status is brought up to date when they are read. */
export class CertificateStore {
  /** Names for which no certificate is issued, as when ACM cannot see records that exist. */
  readonly heldNames = new Set<string>();
  readonly #certificates;
  readonly #clock: Clock;
  readonly #findCname: (name: string) => string | undefined;

  constructor(database: Database, clock: Clock, findCname: (name: string) => string | undefined) {
    this.#certificates = database.collection<Certificate>('acm-certificates');
    this.#clock = clock;
    this.#findCname = findCname;
  }

  all(): Certificate[] {
    return this.#certificates.entries().map(([arn, certificate]) => this.#age(arn, certificate));
  }

  find(arn: string): Certificate | undefined {
    const certificate = this.#certificates.get(arn);
    return certificate && this.#age(arn, certificate);
  }

  request({ accountId, region, names, token, tags }: NewCertificate): Certificate {
    const now = this.#clock.now();
    const same = this.#certificates
      .entries()
      .find(
        ([, other]) =>
          token !== undefined &&
          other.token === token &&
          other.accountId === accountId &&
          other.region === region &&
          other.names.join() === names.join() &&
          now - other.requestedAt < TOKEN_LIFE_MS,
      );
    if (same) return same[1];
    const arn = `arn:aws:acm:${region}:${accountId}:certificate/${randomUUID()}`;
    const certificate: Certificate = {
      arn,
      accountId,
      region,
      names,
      requestedAt: now,
      status: 'PENDING_VALIDATION',
      tags,
      inUseBy: [],
      ...(token !== undefined && { token }),
    };
    this.#certificates.put(arn, certificate);
    return certificate;
  }

  /** Changes a certificate in a way that otherwise only ACM could. */
  change(arn: string, facts: Partial<Certificate>): void {
    const certificate = this.#certificates.get(arn);
    if (!certificate) throw new Error(`changing ${arn}: there is no such certificate`);
    this.#certificates.put(arn, { ...certificate, ...facts });
  }

  delete(arn: string): void {
    this.#certificates.delete(arn);
  }

  /** Returns the validation records of the names; an empty list right after the request. */
  validation({ accountId, names, requestedAt }: Certificate): readonly ValidationRecord[] {
    if (this.#clock.now() - requestedAt < RECORDS_AFTER_MS) return [];
    return names.map((domain) => {
      const [proof, zone] = [digest(`${accountId} ${domain}`), digest(`zone ${domain}`).slice(0, 10)];
      const base = domain.replace(/^\*\./, '');
      return {
        domain,
        name: `_${proof}.${base}.`,
        value: `_${digest(`value ${domain}`)}.${zone}.acm-validations.aws.`,
      };
    });
  }

  #age(arn: string, certificate: Certificate): Certificate {
    const now = this.#clock.now();
    if (certificate.status !== 'PENDING_VALIDATION') return certificate;
    const records = this.validation(certificate);
    const isProven =
      records.length > 0 && records.every(({ name, value }) => isSameHost(this.#findCname(name) ?? '', value));
    const aged: Certificate =
      isProven && !certificate.names.some((name) => this.heldNames.has(name))
        ? { ...certificate, status: 'ISSUED', issuedAt: now, notAfter: now + LIFE_MS }
        : now - certificate.requestedAt > PATIENCE_MS
          ? { ...certificate, status: 'VALIDATION_TIMED_OUT' }
          : certificate;
    if (aged !== certificate) this.#certificates.put(arn, aged);
    return aged;
  }
}

/** Compares two host names, with or without a dot at the end. */
const isSameHost = (one: string, other: string): boolean => hostOf(one) === hostOf(other);
const hostOf = (name: string): string => name.toLowerCase().replace(/\.$/, '');
const digest = (text: string): string => createHash('md5').update(text).digest('hex');
