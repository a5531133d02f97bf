import type { Operation, Status } from '../domain/deployment.ts';

export { moment, nameOf } from '../domain/in-words.ts';

/** How the pages put things into words. */

export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

export const money = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);

/** With its sign: `+$12.50`, `-$3.00`, `$0.00`. */
export const difference = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency, signDisplay: 'exceptZero' }).format(amount);

export const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** What is asked for, as it would stand after "asks to". */
export function operationInWords(operation: Operation, release: number, environment: string): string {
  switch (operation) {
    case 'deploy':
      return `deploy release ${release} to ${environment}`;
    case 'rollback':
      return `roll ${environment} back to release ${release}`;
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
