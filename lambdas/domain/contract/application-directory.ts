import { ApplicationNameSchema } from '../names.ts';

/**
 * Returns the application to whose directory (`apps/<app>`) a path in a config repository belongs, registered or not.
 * Returns undefined for a path that belongs to no application, such as one in `apps/_modules`.
 */
export function applicationAt(path: string): string | undefined {
  const [top, name] = path.split('/');
  return top === 'apps' && ApplicationNameSchema.safeParse(name).success ? name : undefined;
}
