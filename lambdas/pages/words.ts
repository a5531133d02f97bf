import type { Operation, Requester, Status } from '../domain/deployment.ts';

/** How the pages put things into words. */

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** `23 Nov 2026, 10:00 UTC` */
export const moment = (instant: string): string => `${DATE.format(new Date(instant))} UTC`;

export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

export const money = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);

/** With its sign: `+$12.50`, `-$3.00`, `$0.00`. */
export const difference = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency, signDisplay: 'exceptZero' }).format(amount);

export const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** A caller as people know them: the approver's address, or the name within an AWS ARN. */
export function nameOf({ approver, principal }: Requester): string {
  if (approver) return approver;
  if (principal === 'push') return 'A push';
  if (principal.startsWith('promotion of ')) return 'The automatic promotion';
  const [, role, session] = /:assumed-role\/([^/]+)\/(.+)$/.exec(principal) ?? [];
  if (role) return `${session} (role ${role})`;
  return /:user\/(?:.*\/)?([^/]+)$/.exec(principal)?.[1] ?? principal;
}

/** What is asked for, as it would stand after "asks to". */
export function operationInWords(operation: Operation, content: string, environment: string): string {
  switch (operation) {
    case 'deploy':
      return `deploy ${content} to ${environment}`;
    case 'rollback':
      return `roll ${environment} back to ${content}`;
    case 'destroy':
      return `destroy everything in ${environment}`;
  }
}

/** What became of the deployment, as one sentence. */
export const STATUS_IN_WORDS: Readonly<Record<Status, string>> = {
  queued: 'The deployment waits for its turn.',
  planning: 'The deployment is being planned.',
  awaiting_approval: 'The deployment goes on by itself once all approvals are there.',
  applying: 'The deployment is being applied.',
  succeeded: 'The deployment succeeded.',
  rejected: 'The deployment was rejected.',
  expired: 'The deployment expired.',
  canceled: 'The deployment was canceled.',
  superseded: 'A newer release took the place of the deployment.',
  blocked: 'A policy stopped the deployment.',
  failed: 'The deployment failed.',
};
