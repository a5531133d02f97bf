import { RefusedError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import type { Approver } from '../model/approver.ts';
import { type Deployment, plannedOf } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import { approvalsOf, type Gate, isOwnRequest } from '../model/gate.ts';
import { gatesInForce, isPastGates } from '../model/gates-in-force.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { GATES } from '../policy.ts';
import type { ApproverMail, Store, Subscription, Transaction } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';

interface Services {
  readonly store: Store;
  readonly mail: ApproverMail;
}

/** Checks in a transaction that those are still approvers whom the answer relied on. Throws RefusedError. */
export type StillEnough = (transaction: Transaction) => Promise<void>;

/**
 * Throws RefusedError if a gate of an open deployment could not pass without this person: the gate that is open, and
 * every gate that comes later, also of deployments that wait in a queue or whose plan is being made. A gate that is
 * passed needs nobody, and a deployment that is asked to cancel reaches no gate. Others count if they can be asked.
 */
export async function requireDispensable(services: Services, person: Approver): Promise<StillEnough> {
  const { store, mail } = services;
  const { application: name, email, gates } = person;
  const application = await store.get('application', { name });
  const ahead = application ? await gatesAhead(store, application) : [];
  const needing = ahead.filter(({ demand }) => gates.includes(demand.gate));
  if (needing.length === 0) return async () => undefined;
  const [approvers, subscriptions] = await Promise.all([
    listAll(store, LISTINGS.approvers(name)),
    mail.subscriptions(),
  ]);
  const others = approvers.filter((other) => other.email !== email && canBeAsked(other, subscriptions));
  const relied = new Set<string>();
  for (const { demand, deployment, decided, able } of needing.map((each) => ({ ...each, ...votes(each, others) }))) {
    if (decided.length + able.length < demand.required)
      throw new RefusedError(
        'last-approver',
        `the ${demand.gate} gate of the open deployment "${deployment.id}" needs ${demand.required} approver(s) and has ${decided.length + able.length} without ${email}; register another approver whose address is confirmed, or cancel the deployment`,
      );
    for (const other of able.slice(0, demand.required - decided.length)) relied.add(other);
  }
  return async (transaction) => {
    for (const other of relied) {
      const now = await transaction.get('approver', { application: name, email: other });
      if (!now?.gates.some((gate) => gates.includes(gate)))
        throw new RefusedError(
          'last-approver',
          `${other}, who is needed in the place of ${email}, was removed or changed at the same time`,
        );
    }
  };
}

const canBeAsked = ({ email, principals }: Approver, subscriptions: ReadonlyMap<string, Subscription>): boolean =>
  principals.length > 0 || subscriptions.get(email)?.confirmed === true;

/** A gate that an open deployment still has to pass. */
interface GateAhead {
  readonly demand: ReturnType<typeof gatesInForce>[number];
  readonly deployment: Deployment;
  readonly environment: Environment;
  /** The gates of the deployment that were opened for its current plan. */
  readonly opened: readonly Gate[];
}

async function gatesAhead(store: Store, application: Application): Promise<GateAhead[]> {
  const environments = await listAll(store, LISTINGS.environments(application.name));
  const live = environments.filter((each) => each.type === 'regular' || each.life.phase !== 'closed');
  const ahead = await Promise.all(live.map((environment) => gatesAheadIn(store, application, environment)));
  return ahead.flat();
}

async function gatesAheadIn(store: Store, application: Application, environment: Environment): Promise<GateAhead[]> {
  const where = { application: application.name, environment: environment.name };
  const state = await store.get('environmentState', where);
  const entries = [...(state?.holder ? [state.holder] : []), ...(state?.queue ?? [])];
  const found = await Promise.all(entries.map(({ deploymentId: id }) => store.get('deployment', { id })));
  const open = found
    .filter((deployment) => deployment !== undefined)
    .filter((deployment) => !isPastGates(deployment) && plannedOf(deployment)?.hasChanges !== false)
    .filter(({ cancelRequestedBy }) => !cancelRequestedBy);
  const ahead = await Promise.all(
    open.map(async (deployment) => {
      const records = await Promise.all(GATES.map((gate) => store.get('gate', { deploymentId: deployment.id, gate })));
      // Decisions about an earlier plan count only if the next plan means the same, which nobody knows yet.
      const opened = records.filter((gate) => gate !== undefined).filter(({ round }) => round === deployment.round);
      return gatesInForce(deployment, { application, environment }, opened)
        .filter(({ gate: name }) => opened.every(({ gate, status }) => gate !== name || status === 'open'))
        .map((demand) => ({ demand, deployment, environment, opened }));
    }),
  );
  return ahead.flat();
}

/** Returns who has approved at the gate, and who else could (rule 10). */
function votes(
  { demand, deployment, environment, opened }: GateAhead,
  others: readonly Approver[],
): { decided: string[]; able: string[] } {
  const approvedAt = (isHere: boolean) =>
    opened
      .filter(({ gate }) => (gate === demand.gate) === isHere)
      .flatMap((gate) => approvalsOf(gate).map(({ by }) => by));
  const [decided, elsewhere] = [approvedAt(true), approvedAt(false)];
  const able = others
    .filter(({ gates }) => gates.includes(demand.gate))
    .filter(({ email }) => !decided.includes(email) && !elsewhere.includes(email))
    .filter((other) => !isOwnRequest(demand.gate, environment.stage, deployment, other));
  return { decided, able: able.map(({ email }) => email) };
}
