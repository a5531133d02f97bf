import type { Requester } from './deployment.ts';

/** A caller as people know them: the approver's address, or the name within an AWS ARN. */
export function nameOf({ approver, principal }: Requester): string {
  if (approver) return approver;
  if (principal === 'push') return 'A push';
  if (principal.startsWith('promotion of ')) return 'The automatic promotion';
  const [, role, session] = /:assumed-role\/([^/]+)\/(.+)$/.exec(principal) ?? [];
  if (role) return `${session} (role ${role})`;
  return /:user\/(?:.*\/)?([^/]+)$/.exec(principal)?.[1] ?? principal;
}
