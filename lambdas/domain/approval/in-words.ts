import type { Requester } from '../model/deployment.ts';
import { parsePrincipal } from '../model/principal.ts';

/** How mails and pages put things into words. */

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** `23 Nov 2026, 10:00 UTC` */
export const moment = (instant: string): string => `${DATE.format(new Date(instant))} UTC`;

/** A caller as people know them: the approver's address, or the name within an AWS ARN. */
export function nameOf({ approver, principal }: Requester): string {
  if (approver) return approver;
  const { kind } = parsePrincipal(principal);
  if (kind === 'push') return 'A push';
  if (kind === 'promotion') return 'The automatic promotion';
  const [, role, session] = /:assumed-role\/([^/]+)\/(.+)$/.exec(principal) ?? [];
  if (role) return `${session} (role ${role})`;
  return /:user\/(?:.*\/)?([^/]+)$/.exec(principal)?.[1] ?? principal;
}
