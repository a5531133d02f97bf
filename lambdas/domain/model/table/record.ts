import type * as z from 'zod';

interface Position {
  readonly pk: string;
  readonly sk: string;
}

/** Describes one kind of record. */
export function record<S extends z.ZodType, K extends Partial<z.output<S>>>(layout: {
  readonly schema: S;
  /** Position of the record in the table, from its identifying fields. */
  readonly key: (identity: K) => Position;
  /** Position of the record in the sparse index `gsi1`, or undefined while it is not in the index. */
  readonly index?: (record: z.output<S>) => Position | undefined;
  /** Time after which the table deletes the record, within a few days. */
  readonly expires?: (record: z.output<S>) => string;
  /** Written once and never changed or deleted. */
  readonly appendOnly?: true;
}) {
  return layout;
}
