import { sameJson } from '../json-value.ts';
import { type Certificate, withDescription } from '../model/dns/certificate.ts';
import type { EnvironmentDns } from '../model/dns/dns.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { Certificates, EventBus, Store, Surroundings } from '../ports.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { certificateRole } from './dns-subject.ts';

/** Fewest days left of a healthy certificate: ACM renews 60 days before the end; with fewer, something prevents it. */
const LEAST_DAYS_LEFT = 30;
const DAY_MS = 86_400_000;
/** A check that finds nothing new is recorded once a day. */
const LONGEST_UNRECORDED_MS = 20 * 3600_000;
/** Certificates that are checked at the same time. */
const AT_ONCE = 10;
/** Name of the session in the account's CloudTrail, and author of the environment's events. */
const CHECKER = 'stagegate-check-certificates';

interface Services {
  readonly store: Store;
  readonly certificates: Pick<Certificates, 'describe'>;
  readonly events: EventBus;
  readonly surroundings: Surroundings;
}

/** A certificate that a person has to look after. */
export interface FailingCertificate {
  readonly application: string;
  readonly environment: string;
  readonly problem: string;
}

/**
 * Asks ACM about every certificate, records its status and its end with the environment, and announces renewals and
 * problems on the bus, once each. Returns all problems.
 */
export async function checkCertificates(services: Services): Promise<FailingCertificate[]> {
  const failing: FailingCertificate[] = [];
  let cursor: string | undefined;
  do {
    const page = await services.store.list(LISTINGS.certificates(), { ...(cursor && { cursor }) });
    for (let first = 0; first < page.items.length; first += AT_ONCE)
      await Promise.all(
        page.items.slice(first, first + AT_ONCE).map(async (dns) => {
          const { application, environment } = dns;
          const problem = await attempt(() => check(services, dns));
          if (problem) failing.push({ application, environment, problem });
        }),
      );
    cursor = page.nextCursor;
  } while (cursor);
  return failing;
}

/** Returns an error as a problem: a failed check must not prevent the checks of other certificates (rule 6). */
async function attempt(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look();
  } catch (error) {
    return String(error);
  }
}

async function check(services: Services, listed: EnvironmentDns): Promise<string | undefined> {
  const { store, certificates, surroundings } = services;
  // The index lags behind: the environment may have no certificate any more, or another one.
  const [environment, dns] = await Promise.all([
    store.get('environment', { application: listed.application, name: listed.environment }),
    store.get('environmentDns', listed),
  ]);
  if (!environment || !dns) return undefined;
  const now = surroundings.now();
  const role = certificateRole(services, environment, CHECKER);
  const described = await certificates.describe(role, environment.region, dns.certificate.arn);
  const certificate = withDescription(dns.certificate, described, now);
  const problem = problemOf(certificate, now);
  const news = newsOf(certificate, problem);
  // Announced before it is recorded: after a crash in between, the news is announced twice, not never.
  await tell(services, dns, certificate, news);
  const checked = { ...certificate, announced: news.announced };
  if (!isSame(dns.certificate, checked)) await keep(services, dns, checked, news);
  return problem;
}

/** Returns true if a check found nothing new, shortly after the last one that is recorded. */
const isSame = ({ checkedAt: before, ...one }: Certificate, { checkedAt, ...other }: Certificate): boolean =>
  sameJson(one, other) && Date.parse(checkedAt) - Date.parse(before) < LONGEST_UNRECORDED_MS;

interface News {
  readonly renewedUntil?: string;
  readonly problem?: string;
  readonly announced: NonNullable<Certificate['announced']>;
}

/** Returns the news that was not announced yet. */
function newsOf({ expiresAt, announced }: Certificate, problem: string | undefined): News {
  const isRenewed = expiresAt !== undefined && announced?.expiresAt !== undefined && expiresAt > announced.expiresAt;
  const until = expiresAt ?? announced?.expiresAt;
  return {
    ...(isRenewed && { renewedUntil: expiresAt }),
    ...(problem && problem !== announced?.problem && { problem }),
    announced: { ...(until && { expiresAt: until }), ...(problem && { problem }) },
  };
}

/** Returns the problem of a certificate, if any. One never issued is left to the deployment that waits for it. */
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
    // A deployment may have requested another certificate in the meantime, or withdrawn this one.
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
