import * as z from 'zod';
import { ApplicationNameSchema, DeploymentIdSchema, EnvironmentNameSchema } from '../../lambdas/domain/names.ts';

/** What a browser can ask the board for, with the names in its address. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'application'; readonly app: string }
  | { readonly page: 'deployment'; readonly app: string; readonly env: string; readonly id: string }
  | {
      readonly page: 'action';
      readonly action: ActionName;
      readonly app: string;
      readonly env: string;
      readonly id?: string;
    };

const ActionSchema = z.enum(['promote', 'rollback', 'hold']);
export type ActionName = z.infer<typeof ActionSchema> | 'cancel';

/** Returns what stands at a path below the board, or undefined if nothing does. */
export function routeOf(path: string): Route | undefined {
  const [root, ...parts] = path.split('/');
  if (root !== '') return undefined;
  if (parts.length === 1 && parts[0] === '') return { page: 'overview' };
  const [applications, app, environments, env, next, id, last] = parts;
  if (applications !== 'applications' || !ApplicationNameSchema.safeParse(app).success || app === undefined)
    return undefined;
  if (parts.length === 2) return { page: 'application', app };
  if (environments !== 'environments' || !EnvironmentNameSchema.safeParse(env).success || env === undefined)
    return undefined;
  const action = ActionSchema.safeParse(next);
  if (parts.length === 5 && action.success) return { page: 'action', action: action.data, app, env };
  if (next !== 'deployments' || !DeploymentIdSchema.safeParse(id).success || id === undefined) return undefined;
  if (parts.length === 6) return { page: 'deployment', app, env, id };
  return parts.length === 7 && last === 'cancel' ? { page: 'action', action: 'cancel', app, env, id } : undefined;
}
