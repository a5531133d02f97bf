import { type Deployment, readDeployment } from '../deployment/deployments.ts';
import { isOpen } from '../deployment/describe-deployment.ts';
import type { Session } from '../frame/session.ts';
import type { Ending } from '../output/exit-codes.ts';
import { Changes } from './changes.ts';
import { localApprovers } from './how-to-decide.ts';
import { watchUntil } from './until-changed.ts';

/** Tells each change of a deployment until it ends. Returns `ok` for a success, `ended` for any other end. */
export async function watchDeployment(session: Session, first: Deployment): Promise<Ending> {
  const changes = new Changes(session, await localApprovers(session));
  const { application, environment, id } = first;
  changes.tell(first);
  let deployment = first;
  const ended = isOpen(first)
    ? await watchUntil(session, async () => {
        deployment = await readDeployment(session.api, application, environment, id);
        changes.tell(deployment);
        return isOpen(deployment) ? undefined : deployment;
      })
    : first;
  return ended.status === 'succeeded' ? 'ok' : 'ended';
}
