import { createHash } from 'node:crypto';
import type { Applies } from '../contract/applies.ts';
import { type BuildCredentials, parseTicket, TICKET_VARIABLE, type Ticket } from '../contract/build-credentials.ts';
import { isBuildRole, type Purpose } from '../contract/build-source.ts';
import { RefusedError, RoleRefusedError } from '../errors.ts';
import type { BuildTicket } from '../model/build-ticket.ts';
import { type Deployment, plannedOf } from '../model/deployment.ts';
import { roleArnOf } from '../model/environment.ts';
import type { Builds, EnvironmentRoles, Store, Surroundings, Transaction } from '../ports.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { isTicket } from './issue-ticket.ts';

/** The caller, as IAM knows it by the signature. */
export interface BuildCaller {
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>` */
  readonly userArn: string;
  /** Unique to the role and the session; CodeBuild gives each build a session of its own. */
  readonly userId: string;
}

interface Services {
  readonly store: Store;
  readonly surroundings: Surroundings;
  readonly builds: Pick<Builds, 'isRunningWith'>;
  readonly environmentRoles: EnvironmentRoles;
  /** The account of the control plane, whose builds may ask for credentials. */
  readonly controlAccount: string;
  readonly applies: Applies;
}

/**
 * Redeems a ticket, as the credentials broker. Returns credentials of exactly the role that the environment of the
 * ticket has for this purpose. Only the first session that redeems the ticket gets them, and only while the deployment
 * holds the environment and is planning in the ticket's round, or applying the plan of that round. The ticket of an apply
 * is bound only to a build that CodeBuild knows to run with it, so that it can be asked about the build later. A build
 * that is applying keeps getting credentials after its deployment was ended by hand, as long as CodeBuild says that the
 * build is running. Where applies are banned, only builds that have begun to apply get them. Refusals are recorded in
 * the audit. Throws RefusedError `credentials-refused`, `applies-banned`, and `role-not-assumable` when the account is
 * not prepared.
 */
export async function redeemTicket(
  services: Services,
  caller: BuildCaller,
  { ticket: text, buildId }: { readonly ticket: string; readonly buildId: string },
): Promise<BuildCredentials> {
  const ticket = parseTicket(text);
  const foreign = objectionToCaller(services, caller, ticket.purpose);
  if (foreign) return refuse(services, caller, ticket, foreign);
  const isItsBuild = () => services.builds.isRunningWith(buildId, TICKET_VARIABLE, text);
  const shown = { caller, ticket, text };
  let judgement = await judge(services, shown);
  if (judgement.isForConfirmedBuild && (await isItsBuild())) judgement = await judge(services, shown, buildId);
  const { role, objection } = judgement;
  if (judgement.isForConfirmedBuild) return refuse(services, caller, ticket, 'no build in progress has the ticket');
  if (objection) {
    const isMidApply = objection.isRefreshable && (await isItsBuild());
    if (!isMidApply) return refuse(services, caller, ticket, objection.reason);
  }
  if (!role) return refuse(services, caller, ticket, 'the environment was removed');
  try {
    return await services.environmentRoles.assume({ ...role, sessionName: ticket.deploymentId });
  } catch (error) {
    if (error instanceof RoleRefusedError) throw new RefusedError('role-not-assumable', error.message);
    throw error;
  }
}

/** Checks the caller by the signature alone, before the table is read. */
function objectionToCaller(
  { controlAccount, surroundings: { installation } }: Services,
  { userArn }: BuildCaller,
  purpose: Purpose,
): string | undefined {
  const session = sessionOf(userArn);
  return session?.account === controlAccount && isBuildRole(installation, purpose, session.role)
    ? undefined
    : `the caller is no ${purpose} build`;
}

function sessionOf(userArn: string): { readonly account: string; readonly role: string } | undefined {
  const [, account, role] = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\/[^/]+$/.exec(userArn) ?? [];
  return account && role ? { account, role } : undefined;
}

interface Shown {
  readonly caller: BuildCaller;
  readonly ticket: Ticket;
  readonly text: string;
}

interface Judgement {
  /** Whether the ticket is bound only to a build that CodeBuild has confirmed. */
  readonly isForConfirmedBuild?: boolean;
  /** The role that may be assumed; absent when the environment no longer exists. */
  readonly role?: { readonly roleArn: string; readonly externalId: string };
  readonly objection?: {
    readonly reason: string;
    /** Whether the session had credentials to apply before, and only the deployment has ended meanwhile. */
    readonly isRefreshable?: boolean;
  };
}

/** Judges the ticket, and binds it to the caller's session and build if no session has it yet. */
const judge = (services: Services, shown: Shown, buildId?: string): Promise<Judgement> =>
  services.store.transact((transaction) => bind(transaction, services, shown, buildId));

async function bind(
  transaction: Transaction,
  { surroundings, applies }: Pick<Services, 'surroundings' | 'applies'>,
  { caller, ticket, text }: Shown,
  buildId?: string,
): Promise<Judgement> {
  const { deploymentId, purpose, round } = ticket;
  const [known, deployment] = await Promise.all([
    transaction.get('buildTicket', { deploymentId, purpose, round }),
    transaction.get('deployment', { id: deploymentId }),
  ]);
  if (!known || !deployment || !isTicket(known, text)) return { objection: { reason: 'there is no such ticket' } };
  if (known.role !== sessionOf(caller.userArn)?.role)
    return { objection: { reason: 'the ticket is for a build of another project' } };
  if (known.session && known.session.userId !== caller.userId)
    return { objection: { reason: 'the ticket was redeemed by another build' } };
  const { application, environment: name } = deployment;
  const [state, environment, consumed] = await Promise.all([
    transaction.get('environmentState', { application, environment: name }),
    transaction.get('environment', { application, name }),
    consumedPlan(transaction, deployment),
  ]);
  const role = environment && {
    roleArn: roleArnOf(surroundings.installation, environment, purpose),
    externalId: environment.externalId,
  };
  const isItsTurn =
    state?.holder?.deploymentId === deploymentId &&
    deployment.round === round &&
    (purpose === 'plan' ? deployment.status === 'planning' : isApplying(deployment, consumed?.deploymentId));
  if (!isItsTurn) {
    const reason = `"${deploymentId}" is ${deployment.status}, in round ${deployment.round}`;
    return { ...(role && { role }), objection: { reason, isRefreshable: purpose === 'apply' && isBound(known) } };
  }
  if (known.session) return role ? { role } : {};
  if (purpose === 'apply' && applies === 'banned')
    throw new RefusedError('applies-banned', `applying "${deploymentId}": applies are banned, deploy it again later`);
  if (purpose === 'apply' && buildId === undefined) return { isForConfirmedBuild: true };
  const session = { userId: caller.userId, since: surroundings.now(), ...(buildId !== undefined && { buildId }) };
  transaction.put('buildTicket', { ...known, session });
  return role ? { role } : {};
}

const isBound = ({ session }: BuildTicket): boolean => session !== undefined;

async function consumedPlan(transaction: Transaction, deployment: Deployment) {
  const planned = plannedOf(deployment);
  return planned && transaction.get('consumedPlan', { digest: planned.digest });
}

/** Returns whether the deployment is applying the plan that was used up for exactly this deployment. */
const isApplying = (deployment: Deployment, consumedBy: string | undefined): boolean =>
  deployment.status === 'applying' && deployment.planned.round === deployment.round && consumedBy === deployment.id;

/** Records the attempt in the audit of the application, once for each caller and reason, and throws RefusedError. */
async function refuse(
  { store, surroundings }: Services,
  { userArn }: BuildCaller,
  { deploymentId, purpose, round }: Ticket,
  reason: string,
): Promise<never> {
  const mark = createHash('sha256')
    .update(JSON.stringify([userArn, purpose, round, reason]))
    .digest('hex');
  await store.transact(async (transaction) => {
    const deployment = await transaction.get('deployment', { id: deploymentId });
    if (!deployment || (await transaction.get('credentialsRefusal', { deploymentId, mark }))) return;
    const { application, environment } = deployment;
    transaction.put('credentialsRefusal', { deploymentId, mark, at: surroundings.now() });
    await recordAudit(transaction, surroundings, {
      application,
      environment,
      deploymentId,
      type: 'credentials-refused',
      by: userArn,
      via: 'api',
      principal: userArn,
      details: { purpose, round, reason },
    });
  });
  throw new RefusedError('credentials-refused', `${purpose} of "${deploymentId}": ${reason}`);
}
