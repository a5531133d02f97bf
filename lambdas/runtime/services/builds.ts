import type { Builds } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

export const builds = service({}, () => ({
  builds: lazyPort<Builds>(
    'CodeBuild',
    async () => new (await import('../../adapters/codebuild-builds.ts')).CodeBuildBuilds(),
  ),
}));
