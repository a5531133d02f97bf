import * as z from 'zod';
import { type Clock, systemClock } from '../../clock.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import { AwsError, type AwsService, type Operation, type RequiredPermission } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { type Certificate, CertificateStore } from './certificate-store.ts';

const DomainName = z
  .string()
  .max(253)
  .regex(/^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i, 'a domain name');
const Tags = z.array(z.strictObject({ Key: z.string().min(1).max(128), Value: z.string().max(256).default('') }));
const RequestInput = z.strictObject({
  /** The certificate's common name, which may have 64 characters in X.509. */
  DomainName: DomainName.refine((name) => name.length <= 64, 'the first domain name is longer than 64 octets'),
  SubjectAlternativeNames: z.array(DomainName).max(100).default([]),
  ValidationMethod: z.literal('DNS', { error: 'only validation by DNS is supported by the local cloud' }),
  IdempotencyToken: z
    .string()
    .regex(/^\w{1,32}$/, '1 to 32 word characters')
    .optional(),
  Tags: Tags.max(50).default([]),
});
const ArnInput = z.strictObject({ CertificateArn: z.string().startsWith('arn:aws:acm:') });
const AddTagsInput = ArnInput.extend({ Tags: Tags.min(1).max(50) });

export interface AcmService extends LocalService {
  readonly service: AwsService;
  readonly certificates: CertificateStore;
}

interface AcmProps {
  /** Returns the target of a CNAME in the public DNS. */
  readonly findCname: (name: string) => string | undefined;
  readonly clock?: Clock;
}

const recordOf = (tags: z.infer<typeof Tags>): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
/** Returns the condition keys for the tags in a request. */
const requestTags = (tags: z.infer<typeof Tags>): Record<string, string | string[]> => ({
  ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
  ...(tags.length > 0 && { 'aws:TagKeys': tags.map(({ Key }) => Key) }),
});

/**
 * Makes ACM for all accounts and regions. A certificate is issued once its validation records are in the public DNS.
 */
export function createAcmService(
  { database }: Pick<LocalContext, 'database'>,
  { findCname, clock = systemClock }: AcmProps,
): AcmService {
  const certificates = new CertificateStore(database, clock, findCname);
  const require = (input: unknown): Certificate => {
    const { CertificateArn } = ArnInput.loose().parse(input);
    const found = certificates.find(CertificateArn);
    if (!found) throw new AwsError('ResourceNotFoundException', `Could not find certificate ${CertificateArn}.`);
    return found;
  };
  const onCertificate = (
    action: string,
    input: unknown,
    more: Record<string, string | string[]> = {},
  ): RequiredPermission[] => {
    const { CertificateArn } = ArnInput.loose().parse(input);
    const tags = Object.entries(certificates.find(CertificateArn)?.tags ?? {});
    const context = { ...Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value])), ...more };
    return [{ action: `acm:${action}`, resources: [CertificateArn], context }];
  };

  const operations: Record<string, Operation> = {
    RequestCertificate: {
      permissions(input, { caller, region }) {
        const { DomainName: first, SubjectAlternativeNames, ValidationMethod, Tags: tags } = RequestInput.parse(input);
        const context = {
          'acm:DomainNames': [...new Set([first, ...SubjectAlternativeNames])],
          'acm:ValidationMethod': ValidationMethod,
          ...requestTags(tags),
        };
        const made = `arn:aws:acm:${region}:${caller.accountId}:certificate/requested`;
        return [
          { action: 'acm:RequestCertificate', resources: ['*'], context },
          ...(tags.length > 0
            ? [{ action: 'acm:AddTagsToCertificate', resources: [made], context: requestTags(tags) }]
            : []),
        ];
      },
      async perform(input, { caller, region }) {
        const request = RequestInput.parse(input);
        const { arn } = certificates.request({
          accountId: caller.accountId,
          region,
          tags: recordOf(request.Tags),
          names: [
            ...new Set([request.DomainName, ...request.SubjectAlternativeNames].map((name) => name.toLowerCase())),
          ],
          ...(request.IdempotencyToken !== undefined && { token: request.IdempotencyToken }),
        });
        return { CertificateArn: arn };
      },
    },
    DescribeCertificate: {
      permissions: (input) => onCertificate('DescribeCertificate', input),
      async perform(input) {
        return { Certificate: detailOf(require(ArnInput.parse(input)), certificates) };
      },
    },
    DeleteCertificate: {
      permissions: (input) => onCertificate('DeleteCertificate', input),
      async perform(input) {
        const { arn, inUseBy } = require(ArnInput.parse(input));
        if (inUseBy.length > 0) throw new AwsError('ResourceInUseException', `Certificate ${arn} is in use.`);
        certificates.delete(arn);
        return {};
      },
    },
    AddTagsToCertificate: {
      permissions: (input) => onCertificate('AddTagsToCertificate', input, requestTags(AddTagsInput.parse(input).Tags)),
      async perform(input) {
        const { arn, tags } = require(input);
        certificates.change(arn, { tags: { ...tags, ...recordOf(AddTagsInput.parse(input).Tags) } });
        return {};
      },
    },
    ListTagsForCertificate: {
      permissions: (input) => onCertificate('ListTagsForCertificate', input),
      async perform(input) {
        const { tags } = require(ArnInput.parse(input));
        return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
      },
    },
  };
  return {
    certificates,
    service: {
      signingName: 'acm',
      protocol: createJsonProtocol({ targetPrefix: 'CertificateManager', version: '1.1' }),
      operations,
    },
    provisioners: {},
  };
}

function detailOf(certificate: Certificate, store: CertificateStore): object {
  const { arn, names, status, requestedAt, issuedAt, notAfter, failureReason, renewal, inUseBy } = certificate;
  const records = store.validation(certificate);
  const validationStatus =
    status === 'ISSUED' ? 'SUCCESS' : status === 'PENDING_VALIDATION' ? 'PENDING_VALIDATION' : 'FAILED';
  return {
    CertificateArn: arn,
    DomainName: names[0],
    SubjectAlternativeNames: names,
    Status: status,
    Type: 'AMAZON_ISSUED',
    KeyAlgorithm: 'RSA-2048',
    RenewalEligibility: inUseBy.length > 0 ? 'ELIGIBLE' : 'INELIGIBLE',
    CreatedAt: new Date(requestedAt),
    DomainValidationOptions: names.map((DomainName) => {
      const record = records.find(({ domain }) => domain === DomainName);
      return {
        DomainName,
        ValidationDomain: DomainName,
        ValidationMethod: 'DNS',
        ValidationStatus: validationStatus,
        ...(record && { ResourceRecord: { Name: record.name, Type: 'CNAME', Value: record.value } }),
      };
    }),
    InUseBy: inUseBy,
    ...(issuedAt !== undefined && { IssuedAt: new Date(issuedAt), NotBefore: new Date(issuedAt) }),
    ...(notAfter !== undefined && { NotAfter: new Date(notAfter) }),
    ...(failureReason && { FailureReason: failureReason }),
    ...(renewal && {
      RenewalSummary: { RenewalStatus: renewal.status, DomainValidationOptions: [], UpdatedAt: new Date(0) },
    }),
  };
}
