import type { UnreadableRecordError } from '../domain/errors.ts';
import { problemsOf } from '../domain/transaction/describe-unreadable.ts';
import { logger } from './logger.ts';
import { countUnreadable } from './metrics.ts';

/** Logs and counts a record that cannot be read: its name and what does not fit, nothing of what it contains. */
export function reportUnreadable(unreadable: UnreadableRecordError): void {
  const { kind, pk, sk } = unreadable;
  logger.error('record unreadable', { kind, key: `${pk} ${sk}`, problems: problemsOf(unreadable) });
  countUnreadable(1);
}
