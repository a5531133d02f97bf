import {
  ACMClient,
  type CertificateDetail,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  RequestCertificateCommand,
  ResourceInUseException,
  ResourceNotFoundException,
} from '@aws-sdk/client-acm';
import { STSClient } from '@aws-sdk/client-sts';
import * as z from 'zod';
import { CertificateStatusSchema, type DescribedCertificate, RenewalSchema } from '../domain/model/dns/certificate.ts';
import { plainName } from '../domain/model/dns/zone-record.ts';
import type { AssumedRole, Certificates } from '../domain/ports.ts';
import { type ClientAccess, RoleClients } from './role-clients.ts';

const StatusSchema = z
  .string()
  .toLowerCase()
  .pipe(CertificateStatusSchema.exclude(['missing']));
const RenewalStatusSchema = z.string().toLowerCase().pipe(RenewalSchema.shape.status);

export class AcmCertificates implements Certificates {
  readonly #clients: RoleClients<ACMClient>;

  constructor(make = (access: ClientAccess) => new ACMClient(access), sts: STSClient = new STSClient({})) {
    this.#clients = new RoleClients(make, sts);
  }

  async request(
    role: AssumedRole,
    region: string,
    { names: [name, ...others], token, tags }: Parameters<Certificates['request']>[2],
  ): Promise<string> {
    const request = new RequestCertificateCommand({
      DomainName: name,
      ...(others.length > 0 && { SubjectAlternativeNames: others }),
      ValidationMethod: 'DNS',
      IdempotencyToken: token,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
    const { CertificateArn } = await this.#clients.as(role, region).send(request);
    if (!CertificateArn) throw new Error(`requesting a certificate for ${name}: ACM gave it no ARN`);
    return CertificateArn;
  }

  async describe(role: AssumedRole, region: string, arn: string): Promise<DescribedCertificate | undefined> {
    try {
      const { Certificate } = await this.#clients
        .as(role, region)
        .send(new DescribeCertificateCommand({ CertificateArn: arn }));
      if (!Certificate) throw new Error(`describing ${arn}: ACM answered nothing`);
      return read(arn, Certificate);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  async delete(role: AssumedRole, region: string, arn: string): Promise<'deleted' | 'in-use'> {
    try {
      await this.#clients.as(role, region).send(new DeleteCertificateCommand({ CertificateArn: arn }));
      return 'deleted';
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return 'deleted';
      if (error instanceof ResourceInUseException) return 'in-use';
      throw error;
    }
  }
}

function read(arn: string, detail: CertificateDetail): DescribedCertificate {
  const options = detail.DomainValidationOptions ?? [];
  const validation = options.flatMap(({ ResourceRecord: record }) =>
    record?.Name && record.Type && record.Value
      ? [{ name: plainName(record.Name), type: record.Type, value: plainName(record.Value) }]
      : [],
  );
  const { DomainName = '', SubjectAlternativeNames = [], RenewalSummary, NotAfter, FailureReason } = detail;
  return {
    arn,
    status: StatusSchema.parse(detail.Status),
    names: [...new Set([DomainName, ...SubjectAlternativeNames].map(plainName))],
    // Several names may share one record: a domain and its wildcard do.
    validation: [...new Map(validation.map((record) => [record.name, record])).values()],
    withoutRecord: options.flatMap(({ DomainName: name, ResourceRecord }) => (ResourceRecord ? [] : [name ?? ''])),
    ...(NotAfter && { expiresAt: NotAfter.toISOString() }),
    ...(FailureReason && { failureReason: FailureReason }),
    ...(RenewalSummary?.RenewalStatus && {
      renewal: {
        status: RenewalStatusSchema.parse(RenewalSummary.RenewalStatus),
        ...(RenewalSummary.RenewalStatusReason && { reason: RenewalSummary.RenewalStatusReason }),
      },
    }),
    usedBy: detail.InUseBy ?? [],
  };
}
