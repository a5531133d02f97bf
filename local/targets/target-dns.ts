import type { CloudAssembly } from '../assembly/cloud-assembly.ts';
import { deployTemplate } from '../assembly/deploy-template.ts';
import type { LocalDoor } from '../door/door.ts';
import { createIamService } from '../services/iam/iam-service.ts';
import type { LocalContext } from '../services/local-context.ts';
import type { Provisioner } from '../services/local-service.ts';
import type { ZoneStore } from '../services/route53/zone-store.ts';

/** An environment with DNS as its operator knows it. */
export interface DnsEnvironment {
  readonly application: string;
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly externalId: string;
  readonly hostname: string;
  /** The common name first. */
  readonly certificateNames: readonly string[];
  /** The role that looks after its certificate, and after its zone where that has none of its own. */
  readonly certificateRoleArn: string;
  /** As the environment's setting says it; `roleArn` is a role of the zone's own account. */
  readonly zone: { readonly id?: string; readonly roleArn?: string };
}

interface TargetDnsProps {
  readonly context: LocalContext;
  readonly door: LocalDoor;
  readonly zones: ZoneStore;
  readonly assembly: CloudAssembly;
  readonly findEnvironments: (roleArn: string) => Promise<readonly DnsEnvironment[]>;
}

/** Functions of the control plane that roles for DNS trust. */
const FUNCTIONS = ['ensure-certificate', 'publish-dns', 'check-certificates'];

/**
 * Plays the operators of the accounts that environments have their DNS in: when a role for it is entered for the first
 * time, it is made from the synthesized template, and where the account has no zone for the hostname yet, a delegated
 * one is made for what stands behind its first label.
 */
export function createTargetDns({ context, door, zones, assembly, findEnvironments }: TargetDnsProps): {
  enter(roleArn: string): Promise<void>;
} {
  /** What each environment's role was last made for, and its making. */
  const made = new Map<string, { readonly environment: string; readonly making: Promise<unknown> }>();

  /** Of the target account's template, only the role for DNS, under the name it is wanted by. */
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
    const control = (name: string) => `arn:aws:iam::${context.accountId}:role/stagegate-${name}`;
    const { application, name, externalId, region, hostname, certificateNames, zone } = environment;
    return deployTemplate({
      template: assembly.stack('StagegateTargetAccount').template,
      stackName: `stagegate-${application}-${name}`,
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

  /** A role whose environment is as before is left as it is; one that could not be made is tried again. */
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
      // Roles of builds and of states are entered far more often, and are none of these.
      if (/-(?:plan|apply|state)$/.test(roleArn)) return;
      for (const environment of await findEnvironments(roleArn)) {
        if (roleArn === (environment.zone.roleArn ?? environment.certificateRoleArn)) makeZone(roleArn, environment);
        await makeOnce(roleArn, environment);
      }
    },
  };
}
