import type { StateReader } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

/** The Terraform states in the environments' own accounts. */
export const states = service({}, () => ({
  states: lazyPort<StateReader>(
    'S3',
    async () => new (await import('../../adapters/s3-state-reader.ts')).S3StateReader(),
  ),
}));
