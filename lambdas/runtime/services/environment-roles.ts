import * as z from 'zod';
import type { EnvironmentRoles } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

/** The roles of environments, for builds of the control plane's own account only. */
export const environmentRoles = service({ CONTROL_ACCOUNT: z.string().regex(/^\d{12}$/) }, ({ CONTROL_ACCOUNT }) => ({
  controlAccount: CONTROL_ACCOUNT,
  environmentRoles: lazyPort<EnvironmentRoles>(
    'STS',
    async () => new (await import('../../adapters/sts-environment-roles.ts')).StsEnvironmentRoles(),
  ),
}));
