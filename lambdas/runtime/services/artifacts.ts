import * as z from 'zod';
import type { ArtifactStore } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

export const artifacts = service({ ARTIFACT_BUCKET: z.string().min(3) }, ({ ARTIFACT_BUCKET }) => ({
  artifacts: lazyPort<ArtifactStore, 'bucket'>(
    'S3',
    async () => new (await import('../../adapters/s3-artifact-store.ts')).S3ArtifactStore(ARTIFACT_BUCKET),
    { bucket: ARTIFACT_BUCKET },
  ),
}));
