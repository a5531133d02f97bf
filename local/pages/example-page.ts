import { realpathSync } from 'node:fs';
import { exampleEngine, registrationOf } from '../demo/registration.ts';
import type { LocalRoutes } from '../door/local-route.ts';

interface ExampleRoutesProps {
  /** The directory that is used as every config repository. */
  readonly configRepository: string | undefined;
  /** The PATH on which engines are searched. */
  readonly path: string;
}

/** Serves `/local/example.json`: how an application can be registered here, for programs that have nobody to ask. */
export const exampleRoutes = ({ configRepository, path }: ExampleRoutesProps): LocalRoutes => ({
  '/local/example.json': async () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...registrationOf(await exampleEngine(path)),
      directory: configRepository === undefined ? null : realpathSync(configRepository),
    }),
  }),
});
