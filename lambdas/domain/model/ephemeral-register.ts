import * as z from 'zod';
import { RefusedError } from '../errors.ts';

/** The ephemeral environments that are not closed. The limits count them, and the sweep looks at them. */
export const EphemeralRegisterSchema = z.object({
  live: z.array(z.object({ application: z.string(), environment: z.string() })),
});
type Register = z.infer<typeof EphemeralRegisterSchema>;

interface Place {
  readonly application: string;
  readonly environment: string;
}

/** How many ephemeral environments may be live at the same time. */
export interface EphemeralLimits {
  readonly perApplication: number;
  readonly inAll: number;
}

const isSame = (one: Place, other: Place): boolean =>
  one.application === other.application && one.environment === other.environment;

/** Adds an environment to those that are live. Throws RefusedError when a limit is reached. */
export function withLive(register: Register | undefined, place: Place, limits: EphemeralLimits): Register {
  const live = (register?.live ?? []).filter((each) => !isSame(each, place));
  const own = live.filter(({ application }) => application === place.application);
  if (own.length >= limits.perApplication)
    throw new RefusedError(
      'ephemeral-limit',
      `"${place.application}" has ${own.length} ephemeral environments (${own.map(({ environment }) => environment).join(', ')}), at most ${limits.perApplication} are allowed; delete one first`,
    );
  if (live.length >= limits.inAll)
    throw new RefusedError(
      'ephemeral-limit',
      `there are ${live.length} ephemeral environments of all applications, at most ${limits.inAll} are allowed`,
    );
  return { live: [...live, { application: place.application, environment: place.environment }] };
}

export const withoutLive = (register: Register, place: Place): Register => ({
  live: register.live.filter((each) => !isSame(each, place)),
});
