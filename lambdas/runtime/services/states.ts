import type { StateReader } from '../../domain/ports.ts';
import { installationIn } from './installation.ts';
import { lazyPort } from './lazy-port.ts';
import { ServiceSet } from './service-set.ts';

/** The Terraform states in the environments' own accounts. */
export const states = new ServiceSet({}, (environment) => ({
  states: lazyPort<StateReader>(
    'S3',
    async () => new (await import('../../adapters/s3-state-reader.ts')).S3StateReader(installationIn(environment)),
  ),
}));
