import * as z from 'zod';
import type { AwsService, Protocol, WireResponse } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService, Provisioner } from '../local-service.ts';
import { type BucketPlace, bucketOperations, bucketPolicyProvisioner, bucketProvisioner } from './buckets.ts';
import { objectDeletions } from './delete-objects.ts';
import { listingOperations } from './listing.ts';
import { multipartOperations } from './multipart.ts';
import { ObjectStore } from './object-store.ts';
import { objectReads } from './read-objects.ts';
import { decodeRequest } from './request.ts';
import { objectWrites } from './write-objects.ts';
import { renderErrorXml } from './xml.ts';

const AnswerSchema = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.union([z.instanceof(Buffer), z.string()]),
});

/** Answers without a body, by HTTP's rules; S3 sends no error document with them. */
const bodiless = new Set([204, 304]);

const protocol: Protocol = {
  decode: decodeRequest,
  encode(_, output, requestId): WireResponse {
    const answer = AnswerSchema.parse(output);
    return { ...answer, headers: { ...answer.headers, 'x-amz-request-id': requestId } };
  },
  encodeError(error, requestId): WireResponse {
    const facts = Object.entries(error.fields).map(([name, value]) => [
      name,
      value === undefined ? undefined : String(value),
    ]);
    const headers = { 'content-type': 'application/xml', 'x-amz-request-id': requestId };
    if (bodiless.has(error.status)) return { status: error.status, headers, body: '' };
    const document = { Code: error.code, Message: error.message, ...Object.fromEntries(facts), RequestId: requestId };
    return { status: error.status, headers, body: renderErrorXml(document) };
  },
};

/** The local S3, and what the other parts of the local cloud ask of it. */
export interface S3Service extends LocalService {
  readonly service: AwsService;
  readonly store: ObjectStore;
  /** The template resources of S3 in another account or region: the state buckets of target accounts. */
  provisionersFor(place: BucketPlace): Readonly<Record<string, Provisioner>>;
}

/** Creates the local S3: path-style REST, versions, conditional writes, multipart uploads, encryption by KMS keys. */
export function createS3Service({ door, database, filesDirectory, accountId, region }: LocalContext): S3Service {
  const store = new ObjectStore(database, filesDirectory);
  const provisionersFor = (place: BucketPlace) => ({
    'AWS::S3::Bucket': bucketProvisioner(store, place),
    'AWS::S3::BucketPolicy': bucketPolicyProvisioner(store, door),
  });
  return {
    store,
    service: {
      signingName: 's3',
      protocol,
      accessDenied: { code: 'AccessDenied', status: 403 },
      operations: {
        ...bucketOperations(store),
        ...listingOperations(store),
        ...objectReads(store, door),
        ...objectWrites(store, door),
        ...objectDeletions(store, door),
        ...multipartOperations(store, door),
      },
    },
    provisioners: provisionersFor({ accountId, region }),
    provisionersFor,
  };
}
