import type { Permission } from './permissions.ts';

/** The value of one environment variable together with the permissions without which it would be useless. */
export interface Binding {
  readonly value: string;
  readonly permissions: readonly Permission[];
}
