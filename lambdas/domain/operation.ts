import * as z from 'zod';

/** What a deployment does: bring a release, bring an older one back, or remove everything. */
export const OperationSchema = z.enum(['deploy', 'rollback', 'destroy']);
export type Operation = z.infer<typeof OperationSchema>;
