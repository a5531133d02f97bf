/** Partitions of the one table, which records and listings share. */

export const app = (application: string) => `APP#${application}`;
export const env = (application: string, environment: string) => `ENV#${application}#${environment}`;
export const deployment = (id: string) => `DEPLOYMENT#${id}`;
/** Partition of its own, so that IAM can tell it apart: no function may delete what is in it (`data-store.ts`). */
export const audit = (application: string) => `AUDIT#${application}`;
