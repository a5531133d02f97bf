import { ACMClient } from '@aws-sdk/client-acm';
import { Route53Client } from '@aws-sdk/client-route-53';
import { STSClient } from '@aws-sdk/client-sts';
import { AcmCertificates } from '../../lambdas/adapters/acm-certificates.ts';
import { Route53HostedZones } from '../../lambdas/adapters/route53-hosted-zones.ts';
import { roleSession } from '../../local/door/callers.ts';
import { createDoor, type LocalDoor, OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { startDoorServer } from '../../local/door/door-server.ts';
import { openDatabase } from '../../local/persistence/database.ts';
import { type AcmService, createAcmService } from '../../local/services/acm/acm-service.ts';
import { createRoute53Service, type Route53Service } from '../../local/services/route53/route53-service.ts';
import { createStsService } from '../../local/services/sts/sts-service.ts';
import { ManualClock } from './manual-clock.ts';

export const ZONE_ACCOUNT = '222222222222';
const FUNCTION_ROLE = 'arn:aws:iam::111111111111:role/stagegate-publish-dns';
export const DNS_ROLE = {
  roleArn: `arn:aws:iam::${ZONE_ACCOUNT}:role/stagegate-my-app-dev1-dns`,
  externalId: '0123456789abcdef0123456789abcdef',
  sessionName: 'my-app-dev1-7-abc123',
};
export const ALL = [{ Effect: 'Allow', Action: ['route53:*', 'acm:*'], Resource: '*' }];

/** Route 53 and ACM behind the real door. Like a function, the adapters assume their role through STS. */
export interface DnsCloud {
  readonly door: LocalDoor;
  readonly route53: Route53Service;
  readonly acm: AcmService;
  /** The clock that decides when certificates get their validation records and when changes of zones are in sync. */
  readonly clock: ManualClock;
  readonly zones: Route53HostedZones;
  readonly certificates: AcmCertificates;
  /** SDK clients of the person who runs the local cloud. */
  readonly operator: { readonly route53: Route53Client; readonly acm: ACMClient };
  /** Replaces the permissions of the role that the adapters assume. */
  allow(statements: readonly object[]): void;
  close(): Promise<void>;
}

export async function openDnsCloud(directory?: string): Promise<DnsCloud> {
  const log = () => {};
  const door = createDoor({ accountId: '111111111111', region: 'eu-west-1', log });
  const server = await startDoorServer(door, log);
  const database = openDatabase(directory);
  const clock = new ManualClock();
  const route53 = createRoute53Service({ database }, clock);
  const acm = createAcmService(
    { database },
    {
      clock,
      findCname: (name) => route53.zones.publicCname(name),
    },
  );
  for (const service of [route53.service, acm.service, createStsService({ door }).service]) door.register(service);
  door.policies.putRole(FUNCTION_ROLE, {
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  door.policies.putRolePolicy(FUNCTION_ROLE, 'targets', {
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::*:role/stagegate-*-*-dns' }],
  });
  const allow = (statements: readonly object[]): void => {
    door.policies.putRole(DNS_ROLE.roleArn, {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: FUNCTION_ROLE },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': DNS_ROLE.externalId } },
        },
      ],
    });
    door.policies.putRolePolicy(DNS_ROLE.roleArn, 'own', { Statement: statements });
  };
  allow(ALL);
  const at = { endpoint: server.url, region: 'eu-west-1', maxAttempts: 1 };
  const sts = new STSClient({ ...at, credentials: door.issueCredentials(roleSession(FUNCTION_ROLE, 'publish-dns')) });
  const credentials = OPERATOR_CREDENTIALS;
  return {
    door,
    route53,
    acm,
    clock,
    allow,
    zones: new Route53HostedZones((access) => new Route53Client({ ...at, ...access }), sts),
    certificates: new AcmCertificates((access) => new ACMClient({ ...at, ...access }), sts),
    operator: { route53: new Route53Client({ ...at, credentials }), acm: new ACMClient({ ...at, credentials }) },
    async close() {
      await server.close();
      database.close();
    },
  };
}
