import { type Certificate, withDescription } from '../model/dns/certificate.ts';
import type { EnvironmentDns } from '../model/dns/dns.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { Certificates, EventBus, Store, Surroundings } from '../ports.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { certificateRole } from './dns-subject.ts';

/** ACM renews 60 days before the end; a month before it, something keeps it from doing so. */
const LEAST_DAYS_LEFT = 30;
const DAY_MS = 86_400_000;
/** Shown as the session in the trail of the account, and as who wrote the line in an environment's story. */
const CHECKER = 'stagegate-check-certificates';

interface Services {
  readonly store: Store;
  readonly certificates: Pick<Certificates, 'describe'>;
  readonly events: EventBus;
  readonly surroundings: Surroundings;
}

/** A certificate somebody has to look after. */
export interface FailingCertificate {
  readonly application: string;
  readonly environment: string;
  readonly problem: string;
}

/**
 * Asks ACM about every certificate, keeps its status and the end of its life with the environment, and tells the bus of
 * renewals and of what is wrong, once each. Answers everything that is wrong.
 */
export async function checkCertificates(services: Services): Promise<FailingCertificate[]> {
  const failing: FailingCertificate[] = [];
  let cursor: string | undefined;
  do {
    const page = await services.store.list(LISTINGS.certificates(), { ...(cursor && { cursor }) });
    for (const dns of page.items) {
      const { application, environment } = dns;
      const problem = await attempt(() => check(services, dns));
      if (problem) failing.push({ application, environment, problem });
    }
    cursor = page.nextCursor;
  } while (cursor);
  return failing;
}

/** What cannot be asked about one certificate must not keep the others from being looked at (rule 6). */
async function attempt(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look();
  } catch (error) {
    return String(error);
  }
}

async function check(services: Services, listed: EnvironmentDns): Promise<string | undefined> {
  const { store, certificates, surroundings } = services;
  const environment = await store.get('environment', { application: listed.application, name: listed.environment });
  // The index lags behind: by now the environment may have no certificate, or another one.
  const dns = await store.get('environmentDns', listed);
  if (!environment || !dns) return undefined;
  const now = surroundings.now();
  const role = certificateRole(environment, CHECKER);
  const described = await certificates.describe(role, environment.region, dns.certificate.arn);
  const certificate = withDescription(dns.certificate, described, now);
  const problem = problemOf(certificate, now);
  const news = newsOf(certificate, problem);
  // Told before it is written down: a crash in between tells it twice, not never.
  await tell(services, dns, certificate, news);
  await keep(services, dns, { ...certificate, announced: news.announced }, news);
  return problem;
}

interface News {
  readonly renewedUntil?: string;
  readonly problem?: string;
  readonly announced: NonNullable<Certificate['announced']>;
}

/** What the bus has not been told yet. */
function newsOf({ expiresAt, announced }: Certificate, problem: string | undefined): News {
  const isRenewed = expiresAt !== undefined && announced?.expiresAt !== undefined && expiresAt > announced.expiresAt;
  const until = expiresAt ?? announced?.expiresAt;
  return {
    ...(isRenewed && { renewedUntil: expiresAt }),
    ...(problem && problem !== announced?.problem && { problem }),
    announced: { ...(until && { expiresAt: until }), ...(problem && { problem }) },
  };
}

/** What is wrong with a certificate; one that was never issued is the business of the deployment that waits for it. */
export function problemOf({ status, renewal, expiresAt }: Certificate, now: string): string | undefined {
  if (status === 'pending_validation') return undefined;
  if (status !== 'issued') return status;
  if (renewal?.status === 'failed' || renewal?.status === 'pending_validation') return `renewal_${renewal.status}`;
  const daysLeft =
    expiresAt === undefined ? Number.POSITIVE_INFINITY : (Date.parse(expiresAt) - Date.parse(now)) / DAY_MS;
  return daysLeft < LEAST_DAYS_LEFT ? 'expiring' : undefined;
}

async function tell(
  { events }: Services,
  { application, environment, hostname }: EnvironmentDns,
  { arn, status, expiresAt }: Certificate,
  { renewedUntil, problem }: News,
): Promise<void> {
  const facts = { application, environment, hostname, certificateArn: arn, status };
  if (renewedUntil) await events.publish('CertificateRenewed', { ...facts, expiresAt: renewedUntil });
  if (problem) await events.publish('CertificateFailing', { ...facts, problem, ...(expiresAt && { expiresAt }) });
}

async function keep(
  { store, surroundings }: Services,
  { application, environment }: EnvironmentDns,
  certificate: Certificate,
  { renewedUntil, problem }: News,
): Promise<void> {
  await store.transact(async (transaction) => {
    const current = await transaction.get('environmentDns', { application, environment });
    // A deployment may have asked for another certificate meanwhile, or have withdrawn this one.
    if (current?.certificate.arn !== certificate.arn) return;
    transaction.put('environmentDns', { ...current, certificate });
    const line = { application, environment, by: CHECKER };
    if (renewedUntil)
      recordEnvironmentEvent(transaction, surroundings, {
        ...line,
        type: 'certificate-renewed',
        reason: `valid until ${renewedUntil}`,
      });
    if (problem)
      recordEnvironmentEvent(transaction, surroundings, { ...line, type: 'certificate-failing', reason: problem });
  });
}
