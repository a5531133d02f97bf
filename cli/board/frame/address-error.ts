import { CommandError } from '../../output/command-error.ts';

/** Says what is wrong with an address or a form of the board itself; the API was not asked. */
export class AddressError extends CommandError {
  constructor(message: string) {
    super('usage', message);
  }
}
