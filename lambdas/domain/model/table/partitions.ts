import { AUDIT_PARTITION_PREFIX } from '../../names.ts';

/** Partitions of the table, which records and listings share. */

export const app = (application: string) => `APP#${application}`;
export const env = (application: string, environment: string) => `ENV#${application}#${environment}`;
export const deployment = (id: string) => `DEPLOYMENT#${id}`;
/**
 * Partition of the audit. It is separate so that IAM can distinguish it: no function may delete what is in it
 * (`data-store.ts`).
 */
export const audit = (application: string) => `${AUDIT_PARTITION_PREFIX}${application}`;
