import * as z from 'zod';
import { REFUSALS, Refused } from '../../errors.ts';

/** One of the refusals that there are when it is read: records of another version may have others. */
export const RefusalSchema = z.string().transform((text, context) => {
  const refusal = REFUSALS.find((known) => known === text);
  if (!refusal) context.addIssue({ code: 'custom', message: 'a refusal' });
  return refusal ?? z.NEVER;
});

/** A refusal that was written as JSON. */
export const RefusedSchema = z
  .strictObject({ refusal: RefusalSchema, message: z.string() })
  .transform(({ refusal, message }) => new Refused(refusal, message));
