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

/** Status codes of answers without a body, by HTTP's rules; S3 sends no error document with them. */
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

/** The local S3, with the parts that the rest of the local cloud uses. */
export interface S3Service extends LocalService {
  readonly service: AwsService;
  readonly store: ObjectStore;
  /** Returns the provisioners of S3 for another account or region: for the state buckets of target accounts. */
  provisionersFor(place: BucketPlace): Readonly<Record<string, Provisioner>>;
}

/** Makes the local S3: path-style REST, versions, conditional writes, multipart uploads, encryption with KMS keys. */
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
