import * as z from 'zod';
import { DnsViewSchema, viewDns } from '../dns/dns-view.ts';
import { EnvironmentSummarySchema, summarizeEnvironment } from '../environment/environment-view.ts';
import { OutputViewSchema, showOutputs } from '../environment/outputs-view.ts';
import { ephemeralPath } from '../links.ts';
import { type Deployment, plannedOf, RequesterSchema } from '../model/deployment.ts';
import { type EphemeralEnvironment, roleArnOf } from '../model/environment.ts';
import { CauseSchema } from '../model/ephemeral-environment.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { Store, Surroundings } from '../ports.ts';
import { findApplication } from '../transaction/find.ts';

/** An ephemeral environment as the API shows it; its deployments are at `links.deployments`. */
export const EphemeralViewSchema = EnvironmentSummarySchema.omit({ hold: true, deletionProtection: true })
  .extend({
    type: z.literal('ephemeral'),
    basedOn: z.string(),
    /** The branch with which the environment ends; null for one that was made from a commit. */
    ref: z.string().nullable(),
    follow: z.boolean(),
    /** The commit to run; null until a push has reported the head of the branch. */
    commit: z.string().nullable(),
    variables: z.record(z.string(), z.json()),
    createdBy: RequesterSchema,
    createdAt: z.string(),
    expiresAt: z.string(),
    /** Why and how the environment ends; null while it is open. */
    closing: z
      .object({
        cause: CauseSchema,
        by: RequesterSchema,
        at: z.string(),
        attempts: z.int().nullable(),
        /** Time since which Stagegate no longer tries to destroy it. */
        stuckAt: z.string().nullable(),
      })
      .nullable(),
    closedAt: z.string().nullable(),
    /** Estimated monthly cost of the resources there; null while it is unknown. */
    monthlyCost: z.object({ currency: z.string(), amount: z.number() }).nullable(),
    stateAddress: z.string().nullable(),
    roles: z.object({ plan: z.string(), apply: z.string(), dns: z.string().optional() }),
    outputs: z.record(z.string(), OutputViewSchema),
    /** Its own hostname and certificate, if the environment that it is based on has DNS; otherwise null. */
    dns: DnsViewSchema.nullable(),
  })
  .meta({ id: 'EphemeralEnvironment' });
export type EphemeralView = z.input<typeof EphemeralViewSchema>;

/** The monthly cost of several environments together. */
export const MonthlyCostSchema = z.object({
  currency: z.string(),
  total: z.number(),
  /** Environments (`app/name`) that are not in the total: their cost is unknown, or in another currency. */
  unknown: z.array(z.string()),
});

export async function viewEphemeral(
  { store, surroundings: { installation } }: { readonly store: Store; readonly surroundings: Surroundings },
  environment: EphemeralEnvironment,
): Promise<EphemeralView> {
  const { application, name, basedOn, branch, follows, commit, variables, createdBy, createdAt, expiresAt, life } =
    environment;
  const where = { application, environment: name };
  const [{ hold: _hold, deletionProtection: _never, ...summary }, owner, dns, outputs, address, cost] =
    await Promise.all([
      summarizeEnvironment(store, environment),
      findApplication(store, application),
      store.get('environmentDns', where),
      store.get('outputs', where),
      store.get('stateAddress', where),
      monthlyCostOf(store, environment),
    ]);
  return {
    ...summary,
    type: 'ephemeral',
    basedOn,
    ref: branch ?? null,
    follow: follows,
    commit: commit ?? null,
    variables,
    createdBy,
    createdAt,
    expiresAt,
    closing: showClosing(environment),
    closedAt: life.phase === 'closed' ? life.at : null,
    monthlyCost: cost,
    stateAddress: address?.address ?? null,
    roles: {
      plan: roleArnOf(installation, environment, 'plan'),
      apply: roleArnOf(installation, environment, 'apply'),
      ...((environment.dns ?? dns) && { dns: roleArnOf(installation, environment, 'dns') }),
    },
    outputs: showOutputs(outputs),
    dns: viewDns(owner, environment, dns),
    links: { ...summary.links, self: ephemeralPath(application, name) },
  };
}

function showClosing({ life }: EphemeralEnvironment): EphemeralView['closing'] {
  if (life.phase === 'open') return null;
  const { cause, by, at } = life;
  const tried = life.phase === 'closing' ? life : undefined;
  return { cause, by, at, attempts: tried?.attempts ?? null, stuckAt: tried?.stuckAt ?? null };
}

/** Adds up the costs of environments in one currency; an earlier price sheet may have had another currency. */
export function sumOf(views: readonly EphemeralView[]): z.input<typeof MonthlyCostSchema> {
  const currency = views.find(({ monthlyCost }) => monthlyCost)?.monthlyCost?.currency ?? 'USD';
  const isKnown = ({ monthlyCost }: EphemeralView) => monthlyCost?.currency === currency;
  const total = views.filter(isKnown).reduce((sum, { monthlyCost }) => sum + (monthlyCost?.amount ?? 0), 0);
  const unknown = views.filter((view) => !isKnown(view)).map(({ application, name }) => `${application}/${name}`);
  return { currency, total: Math.round(total * 100) / 100, unknown };
}

/** Most deployments to search for the one that made the existing resources. */
const NEWEST = 20;

/** Returns the cost by the newest plan whose apply has begun, or that had no changes: it covers the same resources. */
async function monthlyCostOf(
  store: Store,
  { application, name }: EphemeralEnvironment,
): Promise<EphemeralView['monthlyCost']> {
  const { items, unreadable } = await store.list(LISTINGS.history(application, name), { limit: NEWEST });
  if (unreadable.length > 0) return null;
  const made = items.find((deployment) => deployment.operation !== 'destroy' && isThere(deployment));
  const cost = made && plannedOf(made)?.headline.cost;
  return cost ? { currency: cost.currency, amount: cost.monthlyAfter } : null;
}

function isThere(deployment: Deployment): boolean {
  if (deployment.status === 'failed') return deployment.applied !== 'no';
  return deployment.status === 'succeeded' || deployment.status === 'applying';
}
