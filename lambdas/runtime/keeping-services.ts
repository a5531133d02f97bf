import type { Store, Surroundings } from '../domain/ports.ts';

/** The services with which a request can be kept for its repetitions. */
export interface KeepingServices {
  readonly store: Store;
  readonly surroundings: Surroundings;
}

export const canKeep = (services: object): services is KeepingServices =>
  'store' in services && 'surroundings' in services;
