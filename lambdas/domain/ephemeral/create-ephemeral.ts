import * as z from 'zod';
import { claimHostname } from '../dns/claim-hostname.ts';
import { externalIdOf } from '../environment/external-id.ts';
import { findNamesake, namesTaken, requireRoleNames } from '../environment/own-names.ts';
import { NotFoundError, RefusedError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import {
  type EphemeralEnvironment,
  EphemeralEnvironmentSchema,
  type RegularEnvironment,
} from '../model/environment.ts';
import { withoutPast } from '../model/environment-state.ts';
import { type EphemeralRequest, endOfLife } from '../model/ephemeral-environment.ts';
import { type EphemeralLimits, withLive } from '../model/ephemeral-register.ts';
import type { Scheduler, Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, type Effects, EffectsSchema, NO_EFFECTS } from '../transaction/effects.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { placeEphemeralDeployment } from './deploy-ephemeral.ts';
import { findHead } from './find-head.ts';
import { wakeUpAtEnd } from './wake-up.ts';

export interface EphemeralServices extends EffectServices {
  readonly scheduler: Scheduler;
  readonly surroundings: Surroundings;
  readonly limits: EphemeralLimits;
  readonly leastTtlSeconds: number;
}

const CreatedSchema = z.object({
  environment: EphemeralEnvironmentSchema,
  /** False if the same environment existed already. */
  isNew: z.boolean(),
  effects: EffectsSchema,
});
type Created = Omit<z.infer<typeof CreatedSchema>, 'effects'>;

/**
 * Makes an ephemeral environment and deploys its commit, or the head of its branch as soon as the head is known. The
 * same request again returns the existing environment. Throws InvalidInputError, NotFoundError, RefusedError.
 */
export async function createEphemeral(
  services: EphemeralServices,
  application: string,
  request: EphemeralRequest,
  createdBy: Requester,
): Promise<Created> {
  const { store } = services;
  const { effects, ...created } = await transactOwn(store, CreatedSchema, (transaction) =>
    create(transaction, services, { application, request, createdBy }),
  );
  await carryOut(services, effects);
  if (created.isNew) await wakeUpAtEnd(services, created.environment);
  return created;
}

interface Wish {
  readonly application: string;
  readonly request: EphemeralRequest;
  readonly createdBy: Requester;
}

async function create(
  transaction: Transaction,
  { surroundings, limits, leastTtlSeconds }: EphemeralServices,
  { application: app, request, createdBy }: Wish,
): Promise<Created & { effects: Effects }> {
  const application = await transaction.get('application', { name: app });
  if (!application) throw new NotFoundError('application', app);
  const now = surroundings.now();
  const { name, ttlHours, follow, variables } = request;
  const expiresAt = endOfLife(ttlHours, leastTtlSeconds, now);
  const base = await baseOf(transaction, application, request.basedOn);
  const standing = await standingOf(transaction, application, name);
  if (standing) {
    if (isSame(standing, request, base.name)) return { environment: standing, isNew: false, effects: NO_EFFECTS };
    throw new RefusedError('environment-exists', `ephemeral environment "${name}" of "${app}" already exists`);
  }
  const where = { application: app, environment: name };
  requireRoleNames(surroundings.installation, where, undefined);
  const namesake = await findNamesake(transaction, where);
  if (namesake) throw namesTaken(where, namesake);
  const register = await transaction.get('ephemeralRegister', {});
  transaction.put('ephemeralRegister', withLive(register, where, limits));

  const commit = request.commit ?? (request.ref && (await findHead(transaction, application, request.ref)));
  const environment: EphemeralEnvironment = {
    application: app,
    name,
    type: 'ephemeral',
    stage: base.stage,
    deletionProtection: false,
    accountId: base.accountId,
    region: base.region,
    ...(base.stateBucket && { stateBucket: base.stateBucket }),
    // Names the bucket; the key is the environment's own in any case.
    ...(base.backendConfigFile && { backendConfigFile: base.backendConfigFile }),
    ...(base.lockTable && { lockTable: base.lockTable }),
    ...(base.engineVersion && { engineVersion: base.engineVersion }),
    // The same outputs name the target of the hostname; the hostname itself contains the ephemeral environment's name.
    ...(base.dns && { dns: base.dns }),
    externalId: await externalIdOf(transaction, where, surroundings),
    basedOn: base.name,
    follows: follow,
    variables,
    createdBy,
    expiresAt,
    createdAt: now,
    updatedAt: now,
    ...(request.ref !== undefined && { branch: request.ref }),
    ...(commit !== undefined && { commit }),
    life: { phase: 'open', since: now },
  };
  await claimHostname(transaction, application, { current: undefined, wanted: environment, now });
  transaction.put('environment', environment);
  const state = await transaction.get('environmentState', where);
  if (state) transaction.put('environmentState', withoutPast(state));
  recordEnvironmentEvent(transaction, surroundings, { ...where, type: 'created', by: createdBy.principal });
  await recordAudit(transaction, surroundings, {
    ...where,
    type: 'ephemeral-created',
    ...actorOf(createdBy),
    details: { basedOn: base.name, expiresAt, ...(request.ref === undefined ? {} : { ref: request.ref }) },
  });
  if (commit === undefined) return { environment, isNew: true, effects: NO_EFFECTS };
  const wish = {
    application,
    environment,
    commit,
    operation: 'deploy',
    requestedBy: createdBy,
    automatic: false,
  } as const;
  const { effects } = await placeEphemeralDeployment(transaction, wish, surroundings);
  return { environment, isNew: true, effects };
}

/** Finds the environment whose directory is used. It is never production: nothing happens there without its gates. */
async function baseOf(
  transaction: Transaction,
  { name: application, pipeline }: Application,
  wanted: string | undefined,
): Promise<RegularEnvironment> {
  const name = wanted ?? pipeline[0] ?? '';
  const base = await transaction.get('environment', { application, name });
  if (!base) throw new NotFoundError('environment', `${application}/${name}`);
  if (base.type !== 'regular')
    throw new RefusedError('not-allowed-here', `"${name}" is ephemeral itself; base on a regular environment`);
  if (base.stage === 'production')
    throw new RefusedError('not-allowed-here', `"${name}" is production; no ephemeral environment is based on it`);
  return base;
}

/** Finds the live environment with the name. Throws RefusedError if the name is, or will be, one of the pipeline's. */
async function standingOf(
  transaction: Transaction,
  { name: application, pipeline }: Application,
  name: string,
): Promise<EphemeralEnvironment | undefined> {
  const found = await transaction.get('environment', { application, name });
  if (found?.type === 'regular' || pipeline.includes(name))
    throw new RefusedError('environment-exists', `"${name}" is a regular environment of "${application}"`);
  return found?.life.phase === 'closed' ? undefined : found;
}

function isSame(standing: EphemeralEnvironment, request: EphemeralRequest, basedOn: string): boolean {
  const { ref, commit, follow, variables } = request;
  return (
    standing.life.phase === 'open' &&
    standing.basedOn === basedOn &&
    standing.branch === ref &&
    (commit === undefined || standing.commit === commit) &&
    standing.follows === follow &&
    isDeepEqual(standing.variables, variables)
  );
}

const VariablesText = z
  .record(z.string(), z.json())
  .transform((variables) => JSON.stringify(Object.entries(variables).sort()));
const isDeepEqual = (one: unknown, other: unknown): boolean => VariablesText.parse(one) === VariablesText.parse(other);
