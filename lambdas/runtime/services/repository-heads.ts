import * as z from 'zod';
import type { RepositoryHeads } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { listed } from './listed.ts';
import { service } from './service-set.ts';

/** Public repositories, and the parts of git hosts (`git.example`, `github.com/acme`) whose repositories are asked. */
export const repositoryHeads = service(
  { HEAD_HOSTS: z.string().regex(/^[a-z0-9._/-]+(?:,[a-z0-9._/-]+)*$/) },
  ({ HEAD_HOSTS }) => ({
    headHosts: listed(HEAD_HOSTS),
    repositoryHeads: lazyPort<RepositoryHeads>(
      'git hosts',
      async () => new (await import('../../adapters/https-repository-heads.ts')).HttpsRepositoryHeads(),
    ),
  }),
);
