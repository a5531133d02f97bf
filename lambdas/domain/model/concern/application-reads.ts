import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, ReleaseNumberSchema } from '../../names.ts';

/** What the plan of the newest release that was planned in an environment reads of the repository. */
const EnvironmentReadsSchema = z.object({
  environment: EnvironmentNameSchema,
  release: ReleaseNumberSchema,
  /** Files and directories outside of the application's own directory, as git writes their paths. */
  paths: z.array(z.string()),
  /** Whether these are all. */
  isComplete: z.boolean(),
});

/** What the regular environments of an application read, in one record, because each push asks for all of it. */
export const ApplicationReadsSchema = z.object({
  application: ApplicationNameSchema,
  environments: z.array(EnvironmentReadsSchema),
});
export type ApplicationReads = z.infer<typeof ApplicationReadsSchema>;
