import * as z from 'zod';
import { ApplicationSettingsSchema } from '../../lambdas/domain/model/application.ts';
import { ApproverSettingsSchema } from '../../lambdas/domain/model/approver.ts';
import { EnvironmentSettingsSchema } from '../../lambdas/domain/model/environment.ts';

/** Where a local cloud tells how an application can be registered in it, in the form of the bodies of the requests. */
export const LOCAL_EXAMPLE_PATH = '/local/example.json';

export const LocalExampleSchema = z.object({
  application: ApplicationSettingsSchema,
  environments: z.record(z.string(), EnvironmentSettingsSchema),
  approvers: z.record(z.string(), ApproverSettingsSchema),
  /** The directory that it uses as every config repository; null without one. */
  directory: z.string().nullable(),
});
export type LocalExample = z.infer<typeof LocalExampleSchema>;
