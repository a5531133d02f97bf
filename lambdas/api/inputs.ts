import * as z from 'zod';
import {
  ApplicationNameSchema,
  DeploymentIdSchema,
  EmailSchema,
  EnvironmentNameSchema,
  ReleaseNumberSchema,
} from '../domain/names.ts';
import { GateNameSchema } from '../domain/policy.ts';

/** Path parameters, under the names that the routes use. */
export const ApplicationPath = z.object({ app: ApplicationNameSchema });
export const EnvironmentPath = ApplicationPath.extend({ env: EnvironmentNameSchema });
export const EphemeralPath = ApplicationPath.extend({ name: EnvironmentNameSchema });
export const DeploymentPath = EnvironmentPath.extend({ id: DeploymentIdSchema });
export const GatePath = DeploymentPath.extend({ gate: GateNameSchema });
export const ApproverPath = ApplicationPath.extend({ email: EmailSchema });
export const ReleasePath = ApplicationPath.extend({
  number: z
    .string()
    .regex(/^\d{1,7}$/, 'a release number')
    .transform(Number)
    .pipe(ReleaseNumberSchema),
});

/** The query parameters of every list. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  /** The `nextCursor` of the page before. */
  cursor: z.string().min(1).max(2000).optional(),
});

/** Returns the schema of the answer of a list. `skipped` counts the items of the page that cannot be read, if any. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional(), skipped: z.int().optional() });
