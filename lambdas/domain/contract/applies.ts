import * as z from 'zod';

/**
 * Whether plans are applied. `banned` stops all applies of the installation, for example after the table was restored:
 * what has happened since the moment of the backup is not known to the table. A plan that may be applied waits then.
 */
export const AppliesSchema = z.enum(['allowed', 'banned']);
export type Applies = z.infer<typeof AppliesSchema>;
