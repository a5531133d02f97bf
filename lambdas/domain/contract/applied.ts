import * as z from 'zod';

/** Whether the infrastructure was changed when a deployment failed after its apply build began. */
export const AppliedSchema = z.enum(['yes', 'partly', 'no', 'unknown']);
export type Applied = z.infer<typeof AppliedSchema>;
