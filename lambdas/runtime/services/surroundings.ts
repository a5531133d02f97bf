import { randomBytes } from 'node:crypto';
import type { Surroundings } from '../../domain/ports.ts';
import { installationIn } from './installation.ts';
import { ServiceSet } from './service-set.ts';

/** The real clock and real random numbers. */
export const surroundingsIn = (installation: string): Surroundings => ({
  installation,
  now: () => new Date().toISOString(),
  randomHex: (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
});

export const surroundings = new ServiceSet({}, (environment) => ({
  surroundings: surroundingsIn(installationIn(environment)),
}));
