import { createHash } from 'node:crypto';
import type { DescribedCertificate } from '../../lambdas/domain/model/dns/certificate.ts';
import type { AssumedRole, Certificates } from '../../lambdas/domain/ports.ts';

type ValidationRecord = DescribedCertificate['validation'][number];

interface Held {
  facts: DescribedCertificate;
  readonly region: string;
  readonly tags: Readonly<Record<string, string>>;
  looks: number;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** ACM whose certificates are issued as soon as every validation record can be seen. */
export class InMemoryCertificates implements Certificates {
  readonly held = new Map<string, Held>();
  /** Roles that were used, in order of first use. */
  readonly roles = new Set<string>();
  isVisible: (record: ValidationRecord) => boolean;
  /** How often a certificate is looked at before its validation records are made up. */
  looksUntilRecords = 1;
  readonly #tokens = new Map<string, string>();

  constructor(isVisible: (record: ValidationRecord) => boolean = () => false) {
    this.isVisible = isVisible;
  }

  async request(
    role: AssumedRole,
    region: string,
    { names, token, tags }: Parameters<Certificates['request']>[2],
  ): Promise<string> {
    this.roles.add(role.roleArn);
    const known = this.#tokens.get(token);
    if (known) return known;
    const account = role.roleArn.split(':')[4];
    const arn = `arn:aws:acm:${region}:${account}:certificate/${hash(`${this.held.size}`)}`;
    const facts = { arn, status: 'pending_validation' as const, names, validation: [], withoutRecord: names };
    this.held.set(arn, { facts: { ...facts, usedBy: [] }, region, tags, looks: 0 });
    this.#tokens.set(token, arn);
    return arn;
  }

  async describe(role: AssumedRole, region: string, arn: string): Promise<DescribedCertificate | undefined> {
    this.roles.add(role.roleArn);
    const held = this.held.get(arn);
    if (!held || held.region !== region) return undefined;
    held.looks += 1;
    if (held.facts.status === 'pending_validation' && held.looks > this.looksUntilRecords) {
      const validation = held.facts.names.map((name) => ({
        name: `_${hash(name)}.${name}`,
        type: 'CNAME',
        value: `_${hash(`value of ${name}`)}.validations.example`,
      }));
      const isIssued = validation.every((record) => this.isVisible(record));
      held.facts = { ...held.facts, validation, withoutRecord: [], ...(isIssued && ISSUED) };
    }
    return structuredClone(held.facts);
  }

  async delete(role: AssumedRole, region: string, arn: string): Promise<'deleted' | 'in-use'> {
    this.roles.add(role.roleArn);
    const held = this.held.get(arn);
    if (held?.region === region && held.facts.usedBy.length > 0) return 'in-use';
    if (held?.region === region) this.held.delete(arn);
    return 'deleted';
  }

  /** Something happens to a certificate. */
  change(arn: string, facts: Partial<DescribedCertificate>): void {
    const held = this.held.get(arn);
    if (!held) throw new Error(`there is no certificate ${arn}`);
    held.facts = { ...held.facts, ...facts };
  }
}

const ISSUED = { status: 'issued' as const, expiresAt: '2027-12-23T23:59:59.000Z' };
