import type { CallRecord } from './call-log.ts';
import { writtenKeys } from './record-writes.ts';

/** Which writes somebody waits for: those that send mails, or of records whose partition key has this in it. */
export type WantedWrites = 'mails' | { readonly about: string };

const SENDS_MAIL: ReadonlySet<string> = new Set(['Publish', 'Subscribe']);

/** Did the call write something that the API answers from, of the wanted kind if one is named? */
export function isWantedWrite(call: CallRecord, wanted: WantedWrites | undefined): boolean {
  const keys = writtenKeys(call);
  const isMail = call.service === 'sns' && SENDS_MAIL.has(call.operation);
  if (wanted === undefined) return isMail || keys !== undefined;
  return wanted === 'mails' ? isMail : (keys?.some((key) => key.includes(wanted.about)) ?? false);
}
