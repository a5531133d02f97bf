import * as z from 'zod';
import type { LinkSigner } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

export const links = service({ LINK_KEY_ID: z.string().min(1) }, ({ LINK_KEY_ID }) => ({
  links: lazyPort<LinkSigner>(
    'KMS',
    async () => new (await import('../../adapters/kms-link-signer.ts')).KmsLinkSigner(LINK_KEY_ID),
  ),
}));
