import { type Api, connectApi } from '../../client/api-client.ts';
import { sender } from '../../client/send.ts';
import type { Connection } from '../../connection/connection.ts';
import { onlyListed } from './operations.ts';

/** How the board waits, and when it stops. */
export type Waiting = Pick<Parameters<typeof sender>[1], 'sleep' | 'interrupted'>;

/** A page that waits for long tells nothing; the next question follows in seconds. */
const READING = { attempts: 2, attemptMs: 15_000 };

/** Returns the API for reading and for acting; both are asked for listed operations only. */
export function apisOf(connection: Connection, waiting: Waiting): { readonly reading: Api; readonly acting: Api } {
  const listed = (how: Parameters<typeof sender>[1]) =>
    connectApi(connection, how, onlyListed(sender(connection, how), connection.url));
  // Ctrl-C interrupts what only reads. What may have been done already is waited for (`serve.ts`).
  const acting = { ...waiting, interrupted: new AbortController().signal };
  return { reading: listed({ ...waiting, ...READING }), acting: listed(acting) };
}
