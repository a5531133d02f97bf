import * as z from 'zod';
import { listed } from './listed.ts';
import { service } from './service-set.ts';

/** ARNs of the roles whose session name is the name of the person, comma-separated. */
export const pinnedSessionRoles = service({ PINNED_SESSION_ROLES: z.string() }, ({ PINNED_SESSION_ROLES }) => ({
  pinnedSessionRoles: listed(PINNED_SESSION_ROLES),
}));
