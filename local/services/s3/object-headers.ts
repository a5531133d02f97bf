import { AwsError, type WireResponse } from '../../door/wire.ts';
import type { ObjectVersion, WriteCondition } from './object-store.ts';

const xmlHeaders = { 'content-type': 'application/xml' };

/** Makes an answer with an XML document. */
export const xmlAnswer = (body: string, headers: Readonly<Record<string, string>> = {}): WireResponse => ({
  status: 200,
  headers: { ...xmlHeaders, ...headers },
  body,
});

/** Returns an ETag in the form of headers and documents. */
export const quoted = (etag: string) => `"${etag}"`;
export const unquoted = (etag: string) => etag.replace(/^(?:W\/)?"(.*)"$/, '$1');

/** Returns the headers of a write that are stored with the object and returned when it is read. */
export function storedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['content-type', 'content-disposition', 'content-language', 'cache-control', 'expires'];
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => kept.includes(name) || name.startsWith('x-amz-meta-')),
  );
}

/** Returns the conditions in the headers of a write. */
export function conditionOf(headers: Readonly<Record<string, string>>): WriteCondition {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new AwsError('NotImplemented', 'If-None-Match of a write must be "*".', 501);
  }
  const ifMatch = headers['if-match'];
  return {
    ...(ifNoneMatch === undefined ? {} : { mustBeAbsent: true }),
    ...(ifMatch === undefined ? {} : { mustHaveEtag: unquoted(ifMatch) }),
  };
}

/** Returns the headers that describe the encryption of an object. */
export function encryptionHeaders({ encryption }: Pick<ObjectVersion, 'encryption'>): Record<string, string> {
  return {
    'x-amz-server-side-encryption': encryption.algorithm,
    ...(encryption.keyArn ? { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.keyArn } : {}),
  };
}

/** Returns the header with the version, or none for a bucket that never had versions. */
export const versionHeader = (isVersioned: boolean, version: ObjectVersion): Record<string, string> =>
  isVersioned ? { 'x-amz-version-id': version.versionId } : {};

export const checksumHeaders = ({ checksums }: ObjectVersion): Record<string, string> =>
  Object.fromEntries(Object.entries(checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value]));
