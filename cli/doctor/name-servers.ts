import { resolveNs } from 'node:dns/promises';
import * as z from 'zod';

/** What public DNS answers where there is no such zone. Everything else is no answer. */
const NO_ZONE = ['ENOTFOUND', 'ENODATA'];
const FailureSchema = z.object({ code: z.string() });

/**
 * Asks public DNS for the name servers of a zone: none if there is no such zone. Returns the reason as a text if it could
 * not be asked.
 */
export async function readNameServers(
  zone: string,
  resolve: (name: string) => Promise<readonly string[]> = resolveNs,
): Promise<readonly string[] | string> {
  try {
    return await resolve(zone.replace(/\.$/, ''));
  } catch (error) {
    const code = FailureSchema.safeParse(error).data?.code ?? String(error);
    return NO_ZONE.includes(code) ? [] : `public DNS could not be asked: ${code}`;
  }
}
