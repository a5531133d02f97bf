import { ReleaseNumberSchema } from '../../../lambdas/domain/names.ts';
import { AddressError } from '../frame/address-error.ts';

/** Returns the number of the release in an address or a form. Throws AddressError if there is none. */
export function releaseIn(given: URLSearchParams): number {
  const text = given.get('release') ?? '';
  const { data, success } = ReleaseNumberSchema.safeParse(/^\d{1,9}$/.test(text) ? Number(text) : undefined);
  if (!success) throw new AddressError(`release: ${JSON.stringify(text)} is no number of a release`);
  return data;
}
