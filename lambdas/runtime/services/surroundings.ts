import { randomBytes } from 'node:crypto';
import type { Surroundings } from '../../domain/ports.ts';
import { service } from './service-set.ts';

/** The real clock and real random numbers. */
export const SURROUNDINGS: Surroundings = {
  now: () => new Date().toISOString(),
  randomHex: (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
};

export const surroundings = service({}, () => ({ surroundings: SURROUNDINGS }));
