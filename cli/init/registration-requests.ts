import { sameJson } from '../../lambdas/domain/json-value.ts';
import { isSameRepository } from '../../lambdas/domain/model/repository.ts';
import type { Registration } from './plan-registration.ts';

/** What the API tells of an application that is registered already. */
export interface Registered {
  readonly application: {
    readonly client: string;
    readonly configRepository: { readonly url: string; readonly branch: string };
    readonly engine: string;
    readonly pipeline: readonly string[];
  };
  readonly environments: readonly {
    readonly name: string;
    readonly stage: string;
    readonly accountId: string;
    readonly region: string;
  }[];
  readonly approvers: readonly { readonly email: string; readonly gates: readonly string[] }[];
}

export type RegistrationRequest =
  | { readonly kind: 'application'; readonly path: string; readonly body: Registration['settings'] }
  | {
      readonly kind: 'environment';
      readonly name: string;
      readonly path: string;
      readonly body: Registration['environments'][number]['settings'];
    }
  | {
      readonly kind: 'approver';
      readonly email: string;
      readonly path: string;
      readonly body: Omit<Registration['approvers'][number], 'email'>;
    };

export interface RegistrationPlan {
  /** What is to be sent, in this order: each request needs those before it. */
  readonly requests: readonly RegistrationRequest[];
  /** What is registered in another way than the working copy and the options say. It is left as it is. */
  readonly differences: readonly string[];
}

/**
 * Compares what is to be registered with what is there. Only what is missing becomes a request: settings that somebody
 * has made are never replaced.
 */
export function requestsFor(
  { application, settings, environments, approvers }: Registration,
  registered: Registered | undefined,
): RegistrationPlan {
  const path = `/applications/${application}`;
  const differences: string[] = [];
  const requests: RegistrationRequest[] = [];
  if (registered) differences.push(...differingSettings(settings, registered.application));
  else requests.push({ kind: 'application', path, body: settings });
  for (const { name, settings: body } of environments) {
    const there = registered?.environments.find((each) => each.name === name);
    if (there)
      differences.push(
        ...differing(name, body, { stage: there.stage, accountId: there.accountId, region: there.region }),
      );
    else if (registered && !registered.application.pipeline.includes(name))
      differences.push(
        `${name} has a directory, and is not in the pipeline (${registered.application.pipeline.join(', ')})`,
      );
    else requests.push({ kind: 'environment', name, path: `${path}/environments/${name}`, body });
  }
  for (const { email, ...body } of approvers) {
    const there = registered?.approvers.find((each) => each.email === email);
    if (!there) requests.push({ kind: 'approver', email, path: `${path}/approvers/${email}`, body });
    else if (!sameJson(there.gates, body.gates))
      differences.push(`${email} decides for ${there.gates.join()}, not for ${body.gates.join()}`);
  }
  return { requests, differences };
}

function differingSettings(wanted: Registration['settings'], there: Registered['application']): string[] {
  const { url, branch = 'main' } = wanted.configRepository;
  const isHere = isSameRepository(url, there.configRepository.url);
  return [
    ...(isHere ? [] : [`configRepository.url is ${there.configRepository.url}, not ${url}`]),
    ...differing('configRepository', { branch }, { branch: there.configRepository.branch }),
    ...differing('the application', { engine: wanted.engine ?? there.engine }, { engine: there.engine }),
    ...there.pipeline
      .filter((name) => !wanted.pipeline.includes(name))
      .map((name) => `the pipeline has ${name}, which has no directory here`),
  ];
}

type Texts = Readonly<Record<string, string>>;

function differing(of: string, wanted: Texts, there: Texts): string[] {
  return Object.entries(wanted).flatMap(([field, value]) =>
    there[field] === value ? [] : [`${of}: ${field} is ${there[field]}, not ${value}`],
  );
}

/** A request as people read it. */
export const showRequest = ({ path, body }: RegistrationRequest): string => `PUT ${path} ${JSON.stringify(body)}`;
