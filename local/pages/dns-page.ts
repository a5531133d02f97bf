import type { LocalRoutes } from '../door/local-route.ts';
import type { AcmService } from '../services/acm/acm-service.ts';
import type { Certificate } from '../services/acm/certificate-store.ts';
import type { RecordSet } from '../services/route53/record-set.ts';
import type { Route53Service } from '../services/route53/route53-service.ts';
import type { HostedZone } from '../services/route53/zone-store.ts';
import { html, respondPage, time } from './html.ts';

interface DnsRoutesProps {
  readonly route53: Pick<Route53Service, 'zones'>;
  readonly acm: Pick<AcmService, 'certificates'>;
}

/**
 * Serves `/local/dns`, the hosted zones with their records and the certificates, and `/local/dns.json` for programs.
 */
export function dnsRoutes({ route53, acm }: DnsRoutesProps): LocalRoutes {
  const [zones, certificates] = [() => route53.zones.all(), () => acm.certificates.all()];
  return {
    '/local/dns': () =>
      respondPage({ title: 'DNS', content: html`${zones().map(showZone)}${showCertificates(certificates())}` }),
    '/local/dns.json': () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ zones: zones(), certificates: certificates() }),
    }),
  };
}

const targetOf = ({ values = [], alias }: RecordSet): string => alias?.name ?? values.join(', ');

const showZone = ({ id, name, accountId, isDelegated, records }: HostedZone) =>
  html`<section class="card"><h2>${name}</h2>
<p class="soft">${id} in account ${accountId}, ${isDelegated ? 'delegated' : 'not delegated'}</p>
<table><thead><tr><th>Name</th><th>Type</th><th>Points to</th></tr></thead><tbody>${records.map(
    (set) => html`<tr><td>${set.name}</td><td>${set.type}</td><td>${targetOf(set)}</td></tr>`,
  )}</tbody></table></section>`;

const showCertificates = (certificates: readonly Certificate[]) =>
  html`<section class="card"><h2>Certificates</h2>
<table><thead><tr><th>Names</th><th>Status</th><th>Until</th></tr></thead><tbody>${certificates.map(
    ({ arn, names, status, notAfter }) =>
      html`<tr><td>${names.join(', ')}<br><span class="soft">${arn}</span></td><td>${status}</td><td>${
        notAfter === undefined ? '' : html`${time(notAfter)} UTC`
      }</td></tr>`,
  )}</tbody></table></section>`;
