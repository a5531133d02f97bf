import type { CallRecord } from './call-log.ts';
import { writtenKeys } from './record-writes.ts';

/**
 * The writes that a caller waits for: calls that send mails, or writes of records whose partition key contains `about`.
 */
export type WantedWrites = 'mails' | { readonly about: string };

const SENDS_MAIL: ReadonlySet<string> = new Set(['Publish', 'Subscribe']);

/**
 * Returns whether the call wrote something that the API's answers depend on; if `wanted` is given, only writes of this
 * kind count.
 */
export function isWantedWrite(call: CallRecord, wanted: WantedWrites | undefined): boolean {
  const keys = writtenKeys(call);
  const isMail = call.service === 'sns' && SENDS_MAIL.has(call.operation);
  if (wanted === undefined) return isMail || keys !== undefined;
  return wanted === 'mails' ? isMail : (keys?.some((key) => key.includes(wanted.about)) ?? false);
}
