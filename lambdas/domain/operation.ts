import * as z from 'zod';

/** What a deployment does: deploy a release, go back to an older one, or remove everything. */
export const OperationSchema = z.enum(['deploy', 'rollback', 'destroy']);
export type Operation = z.infer<typeof OperationSchema>;
