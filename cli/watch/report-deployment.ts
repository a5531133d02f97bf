import type { Deployment } from '../deployment/deployments.ts';
import { describeEnding, describeNow, isOpen } from '../deployment/describe-deployment.ts';
import type { Session } from '../frame/session.ts';
import type { Ending } from '../output/exit-codes.ts';
import { watchDeployment } from './watch-deployment.ts';

/** Reports a deployment that was just asked for, and with `--watch` what becomes of it. */
export async function reportDeployment(session: Session, deployment: Deployment, isWatched: boolean): Promise<Ending> {
  if (isWatched) return watchDeployment(session, deployment);
  session.report(deployment, (harmless) => {
    const { environment, application } = harmless;
    const now = isOpen(harmless) ? describeNow(harmless) : describeEnding(harmless);
    return `${environment} of ${application}: ${now}\n\`stagegate watch ${environment}\` shows how it goes on.`;
  });
  return 'ok';
}
