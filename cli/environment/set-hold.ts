import { readEnvironment } from '../deployment/deployments.ts';
import type { GlobalOptions } from '../frame/global-options.ts';
import type { Session } from '../frame/session.ts';
import type { Ending } from '../output/exit-codes.ts';

/** Holds an environment, or lets releases in again. Asks before it does so in production. */
export async function setHold(
  session: Session<GlobalOptions & { environment: string; reason?: string | undefined }>,
  hold: boolean,
): Promise<Ending> {
  const { api, options } = session;
  const app = await session.application();
  const env = options.environment;
  const { stage } = await readEnvironment(api, app, env);
  await session.confirmIn(stage, hold ? `Hold ${env} of ${app}?` : `Lift the hold of ${env} of ${app}?`);
  const body = { hold, ...(options.reason !== undefined && { reason: options.reason }) };
  const environment = await api.body(
    api.http.PATCH('/applications/{app}/environments/{env}', { params: { path: { app, env } }, body }),
  );
  session.report(environment, () =>
    hold ? `${env} of ${app} is on hold: nothing is deployed there by itself.` : `${env} of ${app} is not on hold.`,
  );
  return 'ok';
}
