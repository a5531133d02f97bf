import type { CloudAssembly } from '../assembly/cloud-assembly.ts';
import { deployTemplate } from '../assembly/deploy-template.ts';
import type { LocalDoor } from '../door/door.ts';
import { createIamService } from '../services/iam/iam-service.ts';
import type { LocalContext } from '../services/local-context.ts';
import type { Provisioner } from '../services/local-service.ts';
import type { ZoneStore } from '../services/route53/zone-store.ts';
import { installationOf } from './installation.ts';

/** An environment with DNS, as its operator knows it. */
export interface DnsEnvironment {
  readonly application: string;
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly externalId: string;
  readonly hostname: string;
  /** The names of the certificate, the common name first. */
  readonly certificateNames: readonly string[];
  /** The role that manages the certificate, and also the zone if the zone has no role of its own. */
  readonly certificateRoleArn: string;
  /** The zone of the environment's setting; `roleArn` is a role in the zone's own account. */
  readonly zone: { readonly id?: string; readonly roleArn?: string };
}

interface TargetDnsProps {
  readonly context: LocalContext;
  readonly door: LocalDoor;
  readonly zones: ZoneStore;
  readonly assembly: Pick<CloudAssembly, 'stack'>;
  readonly findEnvironments: (roleArn: string) => Promise<readonly DnsEnvironment[]>;
}

/** Functions of the control plane that roles for DNS trust. */
const FUNCTIONS = ['ensure-certificate', 'publish-dns', 'check-certificates'];

/**
 * Plays the operators of the accounts that contain the DNS of environments. When a role for DNS is assumed for the
 * first time, it is made from the synthesized template. If its account has no zone for the hostname yet, a delegated
 * zone is made for the part after the hostname's first label.
 */
export function createTargetDns({ context, door, zones, assembly, findEnvironments }: TargetDnsProps): {
  enter(roleArn: string): Promise<void>;
} {
  /** The last environment for which each role was made, with the promise of the role. */
  const made = new Map<string, { readonly environment: string; readonly making: Promise<unknown> }>();

  /** Creates only the role for DNS from the target account's template, with the name of `roleArn`. */
  function makeRole(roleArn: string, environment: DnsEnvironment): Promise<unknown> {
    const [accountId = '', roleName = ''] = [roleArn.split(':')[4], roleArn.split(':role/')[1]];
    const { provisioners } = createIamService({ accountId }, door.policies);
    const create = provisioners['AWS::IAM::Role'];
    if (!create) throw new Error('creating a role: the local IAM has no roles');
    const none: Provisioner = ({ logicalId }) => ({
      ref: logicalId,
      attributes: { Arn: `arn:aws:iam::${accountId}:role/not-made-here` },
    });
    const only: Provisioner = (resource) =>
      resource.logicalId === 'DnsRole'
        ? create({ ...resource, properties: { ...resource.properties, RoleName: roleName } })
        : none(resource);
    const installation = installationOf(assembly);
    const control = (name: string) => `arn:aws:iam::${context.accountId}:role/${installation}-${name}`;
    const { application, name, externalId, region, hostname, certificateNames, zone } = environment;
    return deployTemplate({
      template: assembly.stack('StagegateTargetAccount').template,
      stackName: `${installation}-${application}-${name}`,
      accountId,
      region,
      parameters: {
        Application: application,
        Environment: name,
        ExternalId: externalId,
        Hostname: hostname,
        CredentialsRoleArn: control('credentials'),
        StateReaderRoleArns: control('check-plan'),
        DnsRoleArns: FUNCTIONS.map(control).join(','),
        CertificateCommonName: certificateNames[0] ?? hostname,
        ...(zone.id && { HostedZoneId: zone.id }),
      },
      provisioners: { 'AWS::IAM::Role': only, 'AWS::IAM::ManagedPolicy': none },
    });
  }

  function makeZone(roleArn: string, { hostname, zone }: DnsEnvironment): void {
    const accountId = roleArn.split(':')[4] ?? '';
    const contains = (name: string): boolean => `.${hostname}.`.endsWith(`.${name}`);
    const isThere = zones
      .all()
      .some(({ id, name, ...other }) =>
        zone.id ? id === zone.id : other.accountId === accountId && !other.isPrivate && contains(name),
      );
    if (isThere) return;
    const name = hostname.slice(hostname.indexOf('.') + 1);
    const isDelegated = !zones.all().some((other) => other.isDelegated && other.name === `${name}.`);
    const { id } = zones.create({ accountId, name, isDelegated, ...(zone.id && { id: zone.id }) });
    context.log({ source: 'operator', message: 'hosted zone made', fields: { accountId, name, id, isDelegated } });
  }

  /** Makes a role unless its environment is unchanged. A role that could not be made is tried again. */
  function makeOnce(roleArn: string, environment: DnsEnvironment): Promise<unknown> {
    const key = JSON.stringify([roleArn, environment.application, environment.name]);
    const given = JSON.stringify(environment);
    const last = made.get(key);
    if (last?.environment === given) return last.making;
    const making = makeRole(roleArn, environment);
    made.set(key, { environment: given, making });
    making.catch(() => made.delete(key));
    return making;
  }

  return {
    async enter(roleArn) {
      // Roles of builds and of states are assumed far more often, and have nothing to do with DNS.
      if (/-(?:plan|apply|state)$/.test(roleArn)) return;
      for (const environment of await findEnvironments(roleArn)) {
        if (roleArn === (environment.zone.roleArn ?? environment.certificateRoleArn)) makeZone(roleArn, environment);
        await makeOnce(roleArn, environment);
      }
    },
  };
}
