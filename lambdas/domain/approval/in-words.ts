import type { Requester } from '../model/deployment.ts';
import { parsePrincipal } from '../model/principal.ts';

/** The words in which mails and pages show times and callers. */

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** Returns a time as people read it: `23 Nov 2026, 10:00 UTC`. */
export const moment = (instant: string): string => `${DATE.format(new Date(instant))} UTC`;

/** Returns the name by which people know a caller: the approver's address, or the name within an AWS ARN. */
export function nameOf({ approver, principal }: Requester): string {
  if (approver) return approver;
  const { kind } = parsePrincipal(principal);
  if (kind === 'push') return 'A push';
  if (kind === 'promotion') return 'The automatic promotion';
  const [, role, session] = /:assumed-role\/([^/]+)\/(.+)$/.exec(principal) ?? [];
  if (role) return `${session} (role ${role})`;
  return /:user\/(?:.*\/)?([^/]+)$/.exec(principal)?.[1] ?? principal;
}
