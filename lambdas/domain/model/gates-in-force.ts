import { type GateDemand, policyForDeployment, stricterGates } from '../policy.ts';
import type { Application } from './application.ts';
import { type Deployment, isTerminal, plannedOf } from './deployment.ts';
import type { Environment } from './environment.ts';
import type { Gate } from './gate.ts';

/** Where a deployment goes. A part is undefined once it was removed; then the numbers are those that were recorded. */
interface Target {
  readonly application: Pick<Application, 'policy'> | undefined;
  readonly environment: Pick<Environment, 'type' | 'stage'> | undefined;
}

/** Returns whether the policy can no longer stop a deployment: its plan is applied, or it has ended. */
export const isPastGates = ({ status }: Pick<Deployment, 'status'>): boolean =>
  isTerminal(status) || status === 'applying';

/**
 * Returns the gates of a deployment in order, each with the number of approvers that counts now. This is the only place
 * that decides the number. While the deployment can still be refused for its approvals, the policy in force may raise
 * what was planned, and lowers nothing. Later, the number is the one that counted then. Before there is a plan, these
 * are the gates that a plan with changes has to pass.
 */
export function gatesInForce(
  deployment: Deployment,
  { application, environment }: Target,
  opened: readonly Gate[],
): GateDemand[] {
  const planned = plannedOf(deployment);
  const demands = (planned?.gates ?? []).map(({ gate, required }) => {
    const record = opened.find((each) => each.gate === gate && each.round === planned?.round);
    return { gate, required: Math.max(required, record?.required ?? 0) };
  });
  if (!application || !environment || isPastGates(deployment) || planned?.hasChanges === false) return demands;
  return stricterGates(demands, policyForDeployment(environment, deployment.operation, application.policy));
}

/** Returns an opened gate with the number of approvers that counts now. */
export function gateInForce(gate: Gate, deployment: Deployment, target: Target): Gate {
  const demand = gatesInForce(deployment, target, [gate]).find((each) => each.gate === gate.gate);
  return { ...gate, required: Math.max(gate.required, demand?.required ?? 0) };
}
