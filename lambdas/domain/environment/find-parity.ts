import type { Application } from '../model/application.ts';
import type { Environment } from '../model/environment.ts';
import { compareParity, type ParityView } from '../plan/parity.ts';
import type { Reader } from '../ports.ts';

/**
 * Compares what is deployed in a staging or production environment with its counterpart of the other stage. Returns
 * undefined if there is no counterpart, or if nothing is deployed in one of the two.
 */
export async function findParity(
  reader: Reader,
  application: Application,
  environment: Environment,
): Promise<ParityView | undefined> {
  const deployed = await deployedIn(reader, application, environment.name);
  return deployed === undefined ? undefined : findParityOf(reader, application, environment, deployed);
}

/** Compares as `findParity` does, but with the configuration of the given deployment instead of the deployed one. */
export async function findParityOf(
  reader: Reader,
  application: Application,
  environment: Environment,
  deploymentId: string,
): Promise<ParityView | undefined> {
  const counterpart = await counterpartOf(reader, application, environment);
  const other = counterpart && (await deployedIn(reader, application, counterpart));
  if (!other) return undefined;
  const [own, others] = await Promise.all(
    [deploymentId, other].map((id) => reader.get('configuration', { deploymentId: id })),
  );
  if (!own || !others) return undefined;
  return environment.stage === 'production'
    ? { staging: counterpart, production: environment.name, ...compareParity(others, own) }
    : { staging: environment.name, production: counterpart, ...compareParity(own, others) };
}

/** Reads in parallel the records that `findParityOf` would read one after the other. */
export async function readForParity(
  ahead: Reader,
  application: Application,
  environment: Environment,
  deploymentId: string,
): Promise<void> {
  const { name } = application;
  await Promise.all([
    ahead.get('configuration', { deploymentId }),
    ...candidatesFor(application, environment).flatMap((candidate) => [
      ahead.get('environment', { application: name, name: candidate }),
      ahead.get('environmentState', { application: name, environment: candidate }),
    ]),
  ]);
}

async function deployedIn(reader: Reader, application: Application, environment: string): Promise<string | undefined> {
  const state = await reader.get('environmentState', { application: application.name, environment });
  return state?.deployed?.deploymentId;
}

/** Finds, for staging, the next production environment of the pipeline; for production, the last staging before it. */
async function counterpartOf(
  reader: Reader,
  application: Application,
  environment: Environment,
): Promise<string | undefined> {
  const wanted = environment.stage === 'staging' ? 'production' : 'staging';
  const environments = await Promise.all(
    candidatesFor(application, environment).map((name) =>
      reader.get('environment', { application: application.name, name }),
    ),
  );
  return environments.find((other) => other?.stage === wanted)?.name;
}

/** Returns the environments that may be the counterpart, nearest first. */
function candidatesFor({ pipeline }: Application, { name, stage }: Environment): string[] {
  const position = pipeline.indexOf(name);
  if (position < 0 || stage === 'development') return [];
  return stage === 'staging' ? pipeline.slice(position + 1) : pipeline.slice(0, position).reverse();
}
