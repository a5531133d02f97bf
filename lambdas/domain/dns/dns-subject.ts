import type * as z from 'zod';
import type { BuildVariables } from '../contract/build-variables.ts';
import type { Application } from '../model/application.ts';
import type { Deployment } from '../model/deployment.ts';
import {
  DnsError,
  type DnsFailedSchema,
  type EnvironmentDns,
  type Patience,
  type PendingSchema,
} from '../model/dns/dns.ts';
import { hostnameOf } from '../model/dns/hostname.ts';
import type { HostedZone } from '../model/dns/zone-record.ts';
import { type Environment, roleArnOf } from '../model/environment.ts';
import type { AssumedRole, Certificates, HostedZones, PublicDns, Store, Surroundings } from '../ports.ts';
import { findDns } from '../transaction/find.ts';
import { loadHeld } from '../transaction/load-held.ts';

export interface DnsServices {
  readonly store: Store;
  readonly zones: HostedZones;
  readonly certificates: Certificates;
  readonly publicDns: PublicDns;
  readonly surroundings: Surroundings;
  readonly patience: Patience;
}

/** The deployment that holds an environment, and what is recorded of the environment's DNS. */
export interface DnsSubject {
  readonly application: Application;
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly dns: EnvironmentDns | undefined;
}

/** Reads the subject. Throws NotHolderError if the deployment does not hold its environment or has another status. */
export async function loadDnsSubject(
  store: Store,
  id: string,
  statuses: readonly Deployment['status'][],
): Promise<DnsSubject> {
  const ahead = await store.readAhead();
  const { application, environment, deployment } = await loadHeld(
    ahead,
    id,
    'looking after the DNS for',
    statuses,
    (each) => findDns(ahead, each),
  );
  return { application, environment, deployment, dns: await findDns(ahead, deployment) };
}

/** Returns the environment's own role, which manages its certificate. */
export const certificateRole = (
  { surroundings: { installation } }: Pick<DnsServices, 'surroundings'>,
  environment: Environment,
  sessionName: string,
): AssumedRole => ({
  roleArn: roleArnOf(installation, environment, 'dns'),
  externalId: environment.externalId,
  sessionName,
});

/** Returns the role that manages the zone: a role of the zone's own account if that is another account. */
export const zoneRole = (
  services: Pick<DnsServices, 'surroundings'>,
  environment: Environment,
  zoneRoleArn: string | undefined,
  sessionName: string,
): AssumedRole => ({
  ...certificateRole(services, environment, sessionName),
  ...(zoneRoleArn && { roleArn: zoneRoleArn }),
});

/** Returns a text such as `zone Z123 (acme.example)`. */
export const describeZone = ({ id, name }: Pick<HostedZone, 'id' | 'name'>): string => `zone ${id} (${name})`;

/** Returns the variables with DNS values that a plan gets if the directory declares them. */
export function dnsVariables(
  application: Application,
  environment: Environment,
  dns: EnvironmentDns | undefined,
): BuildVariables {
  if (!environment.dns) return {};
  return {
    domain_name: { value: hostnameOf(application, environment), mode: 'when-declared' },
    ...(dns && { certificate_arn: { value: dns.certificate.arn, mode: 'when-declared' } }),
  };
}

/** Does the work, and turns a DnsError into the `failed` answer for the workflow. */
export async function answering<Answer>(
  work: () => Promise<Answer>,
): Promise<Answer | z.infer<typeof DnsFailedSchema>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return { outcome: 'failed', reason: error.reason, message: error.message.slice(0, 2000) };
  }
}

/** Changes the current record of an environment's DNS. */
export async function updateDns(
  store: Store,
  { application, environment }: { readonly application: string; readonly environment: string },
  change: (dns: EnvironmentDns) => EnvironmentDns,
): Promise<EnvironmentDns> {
  return store.transact(async (transaction) => {
    const current = await transaction.get('environmentDns', { application, environment });
    if (!current) throw new Error(`changing the DNS of ${application}/${environment}: there is none`);
    const changed = change(current);
    transaction.put('environmentDns', changed);
    return changed;
  });
}

interface Wait {
  readonly deploymentId: string;
  readonly for: string;
  readonly limitSeconds: number;
  readonly failure: () => DnsError | Promise<DnsError>;
}

/** Returns an answer that makes the state check again later. Throws the failure if the deployment waited too long. */
export async function waitFor(
  { store, surroundings, patience }: Pick<DnsServices, 'store' | 'surroundings' | 'patience'>,
  dns: EnvironmentDns,
  { deploymentId, for: what, limitSeconds, failure }: Wait,
): Promise<z.infer<typeof PendingSchema>> {
  const now = surroundings.now();
  const isKnown = dns.waiting?.deploymentId === deploymentId && dns.waiting.for === what;
  const since = isKnown && dns.waiting ? dns.waiting.since : now;
  if (Date.parse(now) - Date.parse(since) >= limitSeconds * 1000) throw await failure();
  if (!isKnown) await updateDns(store, dns, (current) => ({ ...current, waiting: { deploymentId, for: what, since } }));
  return { outcome: 'pending', waitSeconds: patience.pollSeconds };
}

/** Waits until all name servers of the zone know the zone's last change. */
export function awaitSync(
  services: Pick<DnsServices, 'store' | 'surroundings' | 'patience'>,
  dns: EnvironmentDns,
  deploymentId: string,
) {
  const { changeSeconds } = services.patience;
  return waitFor(services, dns, {
    deploymentId,
    for: `change ${dns.change}`,
    limitSeconds: changeSeconds,
    failure: () =>
      new DnsError(
        'change-pending',
        `change ${dns.change} of ${describeZone(dns.zone)} is still PENDING after ${changeSeconds} seconds`,
      ),
  });
}
