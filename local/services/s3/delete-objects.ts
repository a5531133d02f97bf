import type { AwsService, Door, Operation } from '../../door/wire.ts';
import { readElements, readText } from '../../door/xml-document.ts';
import { isAllowed } from './access.ts';
import { conditionOf, xmlAnswer } from './object-headers.ts';
import { deletePermission } from './object-permissions.ts';
import { isDeleteMarker, type ObjectStore } from './object-store.ts';
import { readPayload } from './payload.ts';
import { S3InputSchema } from './request.ts';
import { renderXml } from './xml.ts';

/** Makes DeleteObject and DeleteObjects. */
export function objectDeletions(store: ObjectStore, door: Door): AwsService['operations'] {
  const deleteObject: Operation = {
    permissions: (raw) => {
      const input = S3InputSchema.parse(raw);
      return [deletePermission(store, input, input.query.versionId)];
    },
    async perform(raw) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const { versionId } = input.query;
      if (versionId !== undefined) {
        const removed = await store.deleteVersion(bucket, input.key, versionId);
        const marker = removed && isDeleteMarker(removed) ? { 'x-amz-delete-marker': 'true' } : {};
        return { status: 204, headers: { 'x-amz-version-id': versionId, ...marker }, body: '' };
      }
      const marker = await store.delete(bucket, input.key, conditionOf(input.headers));
      const headers = marker ? { 'x-amz-version-id': marker.versionId, 'x-amz-delete-marker': 'true' } : {};
      return { status: 204, headers, body: '' };
    },
  };

  const deleteObjects: Operation = {
    // Each key needs its own permission, and a refused key does not prevent the deletion of the others.
    permissions: () => [],
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const { body } = readPayload(input.headers, input.body);
      const document = body.toString('utf8');
      const deleted: Record<string, string | boolean | undefined>[] = [];
      const errors: Record<string, string | undefined>[] = [];
      for (const element of readElements(document, 'Object')) {
        const key = readText(element, 'Key') ?? '';
        const versionId = readText(element, 'VersionId');
        if (!isAllowed(door, call, deletePermission(store, { bucket: input.bucket, key }, versionId))) {
          errors.push({ Key: key, VersionId: versionId, Code: 'AccessDenied', Message: 'Access Denied' });
          continue;
        }
        if (versionId !== undefined) {
          await store.deleteVersion(bucket, key, versionId);
          deleted.push({ Key: key, VersionId: versionId });
          continue;
        }
        const marker = await store.delete(bucket, key);
        deleted.push({
          Key: key,
          ...(marker ? { DeleteMarker: true, DeleteMarkerVersionId: marker.versionId } : {}),
        });
      }
      const isQuiet = readText(document, 'Quiet') === 'true';
      return xmlAnswer(renderXml('DeleteResult', { Deleted: isQuiet ? [] : deleted, Error: errors }));
    },
  };

  return { DeleteObject: deleteObject, DeleteObjects: deleteObjects };
}
