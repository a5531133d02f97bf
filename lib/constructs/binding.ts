import type { Permission } from './permissions.ts';

/** The value of one environment variable, with the permissions that a function needs to use it. */
export interface Binding {
  readonly value: string;
  readonly permissions: readonly Permission[];
}
