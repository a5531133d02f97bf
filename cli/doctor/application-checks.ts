import type { Schemas } from '../client/api-client.ts';
import { type Check, ok, problem, unknown } from './check.ts';

type Environment = Schemas['Environment'];
type Deployment = Schemas['Deployment'];

/** What the API tells of an application. */
export interface ApplicationFacts {
  readonly pipeline: readonly string[];
  /** Those of the pipeline that are defined, in its order. */
  readonly environments: readonly Environment[];
  readonly approvers: readonly Schemas['Approver'][];
  /** Whether it is an application of a local cloud. */
  readonly isLocal: boolean;
  /** Returns the name servers of a zone as public DNS tells them, or the reason as a text why it could not be asked. */
  readonly nameServersOf: (zone: string) => Promise<readonly string[] | string>;
}

/** Checks an application and its environments, from what the API tells and public DNS. */
export async function checkApplication(facts: ApplicationFacts): Promise<Check[]> {
  const { pipeline, environments, isLocal } = facts;
  const missing = pipeline.filter((name) => !environments.some((each) => each.name === name));
  return [
    missing.length === 0
      ? ok('environments', `${pipeline.join(', ')} are defined`)
      : problem(
          'environments',
          `not defined yet: ${missing.join(', ')}`,
          'Define them: `stagegate init`, or PUT (docs/first-day.md).',
        ),
    ...environments.map((environment) => checkRoles(environment, isLocal)),
    ...checkGates(facts),
    checkEngines(environments),
    ...(await Promise.all(
      environments.flatMap((environment) => (environment.dns ? [checkDns(environment, facts)] : [])),
    )),
  ];
}

const newestFirst = ({ current, history }: Environment): Deployment[] => [...(current ? [current] : []), ...history];

/**
 * Checks the roles of an environment by what builds did with them: nobody but the control plane may assume them. A plan
 * was made with the role for plans, and a success with changes was applied with the other.
 */
function checkRoles(environment: Environment, isLocal: boolean): Check {
  const name = `roles of ${environment.name}`;
  if (isLocal) return unknown(name, 'a local cloud makes the roles itself');
  const deployments = newestFirst(environment);
  const [newest] = deployments;
  const planned = deployments.find(({ planDigest }) => planDigest !== null);
  if (newest?.status === 'failed' && newest.planDigest === null)
    return problem(
      name,
      `${newest.id} failed before it had a plan: ${newest.error?.message ?? 'no reason was recorded'}`,
      `If it is about access: ${environment.roles.plan} and ${environment.roles.apply} have to exist (docs/deploying.md, "Prepare the accounts of environments").`,
    );
  if (!planned)
    return unknown(
      name,
      'no build has used them yet',
      `Prepare account ${environment.accountId} (docs/deploying.md), and deploy a release.`,
    );
  const applied = deployments.find(({ status, passedThrough }) => status === 'succeeded' && !passedThrough);
  if (applied) return ok(name, `${planned.id} planned with them, and ${applied.id} applied`);
  return ok(name, `${planned.id} planned; none of the last deployments has applied anything yet`);
}

/** Checks for each gate that somebody demands whether enough approvers can be reached, and who has not confirmed. */
function checkGates({ environments, approvers }: ApplicationFacts): Check[] {
  const isReachable = ({ subscription, principals }: Schemas['Approver']) =>
    subscription === 'confirmed' || principals.length > 0;
  const demanded = environments.flatMap(({ gates }) => gates);
  return (['staff', 'client'] as const).flatMap((gate): Check[] => {
    const required = Math.max(0, ...demanded.filter((each) => each.gate === gate).map((each) => each.required));
    const own = approvers.filter(({ gates }) => gates.some((each) => each === gate));
    if (required === 0 && own.length === 0) return [];
    const name = `approvers of ${gate}`;
    const silent = own.filter(({ subscription }) => subscription !== 'confirmed');
    const told = silent.map(({ email, subscription }) => `${email} (${subscription})`).join(', ');
    const reachable = own.filter(isReachable).length;
    if (reachable < required)
      return [
        problem(
          name,
          `${required} are needed, and ${reachable} can decide${told === '' ? '' : `; no confirmed subscription: ${told}`}`,
          'Register more, or let them confirm the mail that they got (docs/first-day.md).',
        ),
      ];
    if (told === '') return [ok(name, `${own.length} registered, ${required} needed; all subscriptions are confirmed`)];
    return [
      problem(
        name,
        `no mail reaches ${told}`,
        'They have to confirm their subscription; registering them again sends a new mail.',
      ),
    ];
  });
}

/** Checks that no environment runs a newer minor version of the engine than the one before it. */
function checkEngines(environments: readonly Environment[]): Check {
  const name = 'engine';
  const used = environments.flatMap((environment) => {
    const engine = newestFirst(environment).find((each) => each.engine !== null)?.engine;
    return engine ? [{ environment: environment.name, ...engine }] : [];
  });
  if (used.length === 0) return unknown(name, 'no plan has been made yet', 'Deploy a release.');
  const text = used.map((each) => `${each.name} ${each.version} in ${each.environment}`).join(', ');
  const ahead = used.find((each, at) => {
    const before = used[at - 1];
    return before !== undefined && before.name === each.name && compareMinor(each.version, before.version) > 0;
  });
  if (!ahead) return ok(name, text);
  return problem(
    name,
    `${text}: ${ahead.environment} is ahead of the environment before it`,
    'Bring the version through the pipeline (docs/proof.md, "A new engine").',
  );
}

function compareMinor(one: string, other: string): number {
  const [here, there] = [one, other].map((version) => version.split('.').map(Number));
  return (here?.[0] ?? 0) - (there?.[0] ?? 0) || (here?.[1] ?? 0) - (there?.[1] ?? 0);
}

/** Checks the certificate of an environment and the delegation of its zone. */
async function checkDns(
  { name: environment, dns }: Environment,
  { isLocal, nameServersOf }: ApplicationFacts,
): Promise<Check> {
  const name = `DNS of ${environment}`;
  const certificate = dns?.certificate;
  const trouble = certificate?.problem ?? certificate?.failureReason;
  if (trouble)
    return problem(
      name,
      `the certificate of ${dns?.hostname}: ${trouble}`,
      'See docs/operations.md, "DNS and certificates".',
    );
  if (!dns?.zone)
    return unknown(name, `no deployment has looked for the zone of ${dns?.hostname} yet`, 'Deploy a release.');
  if (isLocal) return unknown(name, `${dns.zone.name} exists in the local cloud only`);
  const servers = await nameServersOf(dns.zone.name);
  if (typeof servers === 'string') return unknown(name, servers);
  if (servers.length > 0) return ok(name, `${dns.zone.name} is delegated to ${servers.join(', ')}`);
  return problem(
    name,
    `public DNS knows no name servers of ${dns.zone.name}`,
    `Add NS records for ${dns.zone.name} in the zone above it, with the name servers of hosted zone ${dns.zone.id}.`,
  );
}
